import { z } from "zod";
import { limits } from "../../limits.ts";
import { ts } from "../entry.ts";

export const sessionBody = z
  .strictObject(
    {
      token: z
        .string(`a string of 1 to ${limits.tokenChars} characters`)
        .min(1, `a string of 1 to ${limits.tokenChars} characters`)
        .max(limits.tokenChars, `a string of 1 to ${limits.tokenChars} characters`),
    },
    { error: (issue) => (issue.code === "unrecognized_keys" ? "Known fields: token." : undefined) },
  )
  .meta({ example: { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl" } });

export const sessionAnswer = z
  .object({
    sub: z.string().describe("Whose token it is"),
    tenant: z.string().optional(),
    grants: z.array(z.string()),
    expiresAt: ts,
    heartbeatSeconds: z.int().min(1).describe("The gateway's heartbeat for its clients' sockets"),
  })
  .meta({
    example: { sub: "ada", grants: ["read:build/*"], expiresAt: 1_795_000_000_000, heartbeatSeconds: 30 },
  });

export const healthAnswer = z.object({ status: z.literal("ok") }).meta({ example: { status: "ok" } });
