import type { AgentDialect } from "./agent_dialect.ts";
import { agentDialectB } from "./b_agent.ts";

/** Every dialect that agents speak on `/ws/agent`. */
export const agentDialects: readonly AgentDialect[] = [agentDialectB];
