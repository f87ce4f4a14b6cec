/** The client's door: web standards only, for browsers, Node 22 and later, Deno and Workers. */

export * from "./api_client.ts";
export * from "./api_types.ts";
export { backoffMs } from "./backoff.ts";
export { problemOf, type TokenSource } from "./connection.ts";
export type { ConnectionState, StopReason } from "./connection_state.ts";
export { EntryBuffer, type PlacedEntry } from "./entry_buffer.ts";
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
export type { ClientProblem, ClientProblemCode, ClientResult } from "./problem.ts";
export { Producer } from "./producer.ts";
export type { ProducerOptions } from "./producer_options.ts";
export type { ProducerEntry } from "./producer_queue.ts";
export type { EndProof } from "./read_position.ts";
export { type StateStorage, webStorage } from "./saved_read.ts";
export { SocketProducer } from "./socket_producer.ts";
export type { SocketProducerOptions } from "./socket_producer_options.ts";
export type { SubscribeOptions } from "./subscribe_options.ts";
