import { z } from "zod";
import type { Dialect, Speech } from "../../../protocol/dialects/dialect.ts";
import { ok, parseChannelName, type Result } from "../../../protocol/mod.ts";
import { strictQuery } from "../../../protocol/schemas/rest/query.ts";
import type { Claims } from "../../core/token_claims.ts";
import { auditorFor } from "../audit/auditor.ts";
import { authorizeChannel } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";
import { ClientSocket, type Spoken } from "./client_socket.ts";
import { checkReading } from "./handshake.ts";
import { offersNative, upgraded } from "./refuse_handshake.ts";
import { refuseSocket } from "./refuse_socket.ts";

/** `GET /ws`: many channels on one socket, natively or in a dialect, ended in this Worker. */
export function openManySocket(c: RouteContext, table: readonly Dialect[]): Promise<Response> {
  return openClientSocket(c, table, () => {
    const here = table.filter(({ key }) => key !== undefined);
    const query = queryOf(
      c,
      here.flatMap(({ query }) => query),
    );
    if (!query.ok) return query;
    const dialect = here.find((each) => each.query.some((key) => query.value[key] !== undefined));
    return dialect === undefined ? ok(null) : speak(dialect, query.value);
  });
}

/** A dialect's own path. */
export function openDialectSocket(c: RouteContext, dialect: Dialect): Promise<Response> {
  return openClientSocket(c, [], () => {
    const query = queryOf(c, dialect.query);
    return query.ok ? speak(dialect, { ...query.value, ...c.req.param() }) : query;
  });
}

async function openClientSocket(
  c: RouteContext,
  table: readonly Dialect[],
  choose: () => Result<Spoken | null>,
): Promise<Response> {
  const identity = await checkReading(c);
  if (!identity.ok) return refuseSocket(c, identity.problem);
  const chosen = choose();
  if (!chosen.ok) return refuseSocket(c, chosen.problem);
  const { claims, tenant } = identity.value;
  const granted = await checkOpening(c, claims, chosen.value?.speech);
  if (!granted.ok) return refuseSocket(c, granted.problem);
  const { 0: client, 1: server } = new WebSocketPair();
  const caller = { env: c.env, secret: c.get("secret"), settings: c.get("settings"), claims, tenant };
  new ClientSocket(server, caller, auditorFor(c), table, chosen.value);
  return upgraded(client, offersNative(c.req.raw));
}

/** What a socket's address asks must be granted before there is a socket. */
async function checkOpening(c: RouteContext, claims: Claims, speech?: Speech): Promise<Result<unknown>> {
  for (const request of speech?.opening ?? []) {
    if (request.kind !== "subscribe") continue;
    const name = parseChannelName(request.channel);
    if (!name.ok) return name;
    const granted = await authorizeChannel(c.env, claims, "read", name.value);
    if (!granted.ok) return granted;
  }
  return ok(true);
}

function speak(dialect: Dialect, params: Readonly<Record<string, string | undefined>>): Result<Spoken> {
  const speech = dialect.speak(params, Date.now);
  return speech.ok ? ok({ dialect, speech: speech.value }) : speech;
}

/** Whether the values are right is the dialect's to say. */
function queryOf(c: RouteContext, keys: readonly string[]): Result<Record<string, string | undefined>> {
  const text = z.string().optional();
  return parseQuery(c.req.raw, strictQuery(Object.fromEntries(keys.map((key) => [key, text]))));
}
