import { checkCommand, parseChannelName, type Result, refuse } from "../../../protocol/mod.ts";
import type { CommandRecord } from "../../core/contract.ts";
import type { Claims } from "../../core/token_claims.ts";
import { commandObject } from "../../objects/env.ts";
import { checkGrant } from "./check_grant.ts";
import type { Caller } from "./frame_socket.ts";

/** A command as a socket's client gives it; the gateway makes an id where there is none. */
export interface SocketCommand {
  readonly id?: string;
  readonly name: string;
  readonly data?: unknown;
  readonly group?: string;
}

/** Checks a command of a socket's client and stores it; answers where it stands. */
export async function sendCommand(
  { env, tenant, settings }: Caller,
  claims: Claims,
  channel: string,
  { id = crypto.randomUUID(), ...command }: SocketCommand,
): Promise<Result<CommandRecord>> {
  const name = parseChannelName(channel);
  if (!name.ok) return name;
  const granted = await checkGrant(env, claims, "command", name.value);
  if (!granted.ok) return granted;
  const allowsHostile = settings.ALLOW_HOSTILE_CONTENT;
  const checked = checkCommand(name.value.kind, { id, ...command }, { allowsHostile });
  if (!checked.ok) return checked;
  const { subject } = claims;
  try {
    return await commandObject(env, tenant, channel).command({ tenant, channel, subject, ...checked.value });
  } catch (error) {
    console.warn(`A command could not be given to ${channel}`, error);
    return refuse("restarting", `${channel} could not be asked. Send the command again, with its id.`, {
      retryAfterMs: 1_000,
    });
  }
}
