import { refuse } from "../../../protocol/mod.ts";
import { authorizeChannel } from "../auth/authorize.ts";

/** {@link authorizeChannel} for an open socket: a channel that cannot be asked for its project refuses one frame, not all. */
export async function checkGrant(
  ...asked: Parameters<typeof authorizeChannel>
): ReturnType<typeof authorizeChannel> {
  try {
    return await authorizeChannel(...asked);
  } catch (error) {
    const [, , , { name }] = asked;
    console.warn(`The grant for ${name} could not be checked`, error);
    return refuse("restarting", `The project of ${name} could not be asked for. Try again.`);
  }
}
