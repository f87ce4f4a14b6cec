/** The version of the wire. `test/protocol/wire.v1.json` pins what it means. */
export const wireVersion = 1;

/** What a native client offers as `Sec-WebSocket-Protocol`, and what the gateway echoes. */
export const subprotocol = `tailrace.v${wireVersion}` as const;
