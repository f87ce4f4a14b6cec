/** The Worker's entry: the fetch handler and the Durable Object classes. */
export { ChannelObject } from "./objects/channel.ts";
export { DirectoryObject } from "./objects/directory.ts";
export { ThrottleObject } from "./objects/throttle.ts";
export { default } from "./routes/mod.ts";
export { TokenCheck } from "./routes/token_check.ts";
