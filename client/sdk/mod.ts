/** The client's door: web standards only, for browsers, Node 22 and later, Deno and Workers. */

export { AgentClient } from "./agent_client.ts";
export type {
  AgentClientOptions,
  AgentCommand,
  AgentProducerOptions,
  Joining,
  JoinOptions,
} from "./agent_options.ts";
export { AgentProducer } from "./agent_producer.ts";
export * from "./api_client.ts";
export * from "./api_types.ts";
export { backoffMs } from "./backoff.ts";
export { problemOf, type TokenSource } from "./connection.ts";
export type { ConnectionState, StopReason } from "./connection_state.ts";
export { EntryBuffer, type PlacedEntry } from "./entry_buffer.ts";
export { type InstallRequest, InstallTasks } from "./install_tasks.ts";
export type { Lack, LackCode } from "./lack.ts";
export type { Transport } from "./lane.ts";
export type { LogListener, Taken } from "./listener.ts";
export {
  type CommandRequest,
  LogSocketClient,
  type LogSocketClientOptions,
  type Subscription,
} from "./log_socket_client.ts";
export type { CommandReply, SentCommand } from "./outbox.ts";
export type { PluginFilter } from "./plugin_filter.ts";
export { PluginLogs } from "./plugin_logs.ts";
export type { PluginState } from "./plugin_machine.ts";
export type { PluginListener, PluginLogsOptions } from "./plugin_options.ts";
export type { ClientProblem, ClientProblemCode, ClientResult } from "./problem.ts";
export { Producer } from "./producer.ts";
export type { ProducerOptions } from "./producer_options.ts";
export type { ProducerEntry } from "./producer_queue.ts";
export {
  type Feedback,
  type FeedbackOptions,
  ProjectRoom,
  type RoomListener,
  type RoomMessage,
} from "./project_room.ts";
export type { EndProof } from "./read_position.ts";
export { type StateStorage, webStorage } from "./saved_read.ts";
export type { SessionGap, SessionListener } from "./session_listener.ts";
export {
  type ExecutionError,
  type ExecutionStatus,
  emptySession,
  type SessionBounds,
  type SessionNode,
  type SessionView,
} from "./session_view.ts";
export { SocketProducer } from "./socket_producer.ts";
export type { SocketProducerOptions } from "./socket_producer_options.ts";
export type { SubscribeOptions } from "./subscribe_options.ts";
export type { WorkflowState } from "./workflow_machine.ts";
export { WorkflowSession, type WorkflowSessionOptions } from "./workflow_session.ts";
export { type WorkflowListener, WorkflowSocket, type WorkflowSocketOptions } from "./workflow_socket.ts";
