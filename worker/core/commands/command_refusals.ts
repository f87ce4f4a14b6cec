import { limits, type Result, refuse } from "../../../protocol/mod.ts";
import type { CommandRow } from "./command_store.ts";

/** What the second journal refuses. */

/** Whoever is told to wait for room is told no longer than this, in milliseconds: an agent may make some sooner. */
const maxWaitMs = 30_000;

/** A channel that is one command, and has it. */
export function refuseSecond(channel: string, name: string, id: string): Result<never> {
  return refuse(
    "command_exists",
    `Channel ${channel} has its ${name} already, and was sent another of id ${JSON.stringify(id)}. Allowed: one; a new channel for the next.`,
  );
}

/** Nobody takes what waits already. `expiresMs`: when the oldest of it expires, from now. */
export function refuseMore(
  channel: string,
  { count, bytes }: { readonly count: number; readonly bytes: number },
  expiresMs: number,
): Result<never> {
  const grouped = (value: number) => value.toLocaleString("en");
  return refuse(
    "too_many_commands",
    `Channel ${channel} has ${grouped(count)} commands of together ${grouped(bytes)} bytes that no agent has taken. Allowed: ${grouped(limits.openCommands)}, and ${grouped(limits.openCommandsBytes)} bytes.`,
    { expected: limits.openCommands, retryAfterMs: Math.min(Math.max(1_000, expiresMs), maxWaitMs) },
  );
}

export function refuseGroup(channel: string, groups: number): Result<never> {
  return refuse(
    "too_many_agents",
    `Channel ${channel} has ${groups} groups of agents, which is all it takes.`,
    { expected: limits.channelGroups, retryAfterMs: maxWaitMs },
  );
}

/** `found`: the command of that id that takes no answer any more, if there is one. */
export function refuseAnswer(id: string, found: CommandRow | undefined): Result<never> {
  const name = `The command ${JSON.stringify(id)}`;
  if (found === undefined) {
    return refuse("command_not_found", `${name} was not sent to this group of agents, or is forgotten.`);
  }
  const { state } = found.fate;
  return refuse("command_not_found", `${name} is ${state} for good and takes no more answers.`, {
    received: state,
  });
}
