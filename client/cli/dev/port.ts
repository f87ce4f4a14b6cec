import { once } from "node:events";
import { createServer } from "node:net";
import { CliError, messageOf } from "../exit.ts";

/** Makes sure that an address can be listened on, before anything is started for it. */
export async function checkAddress(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    throw new CliError(addressSentence(host, port, error));
  } finally {
    server.close();
  }
}

export function addressInUse(host: string, port: number): CliError {
  return new CliError(
    `Port ${port} of ${host} is taken by another process. Choose another with --port, as in --port ${port + 1}.`,
  );
}

function addressSentence(host: string, port: number, error: unknown): string {
  switch (Object(error).code) {
    case "EADDRINUSE":
      return addressInUse(host, port).message;
    case "EACCES":
      return `Port ${port} of ${host} may not be used by this user. Choose one from 1024 with --port.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine. Choose one with --host, as in --host 127.0.0.1.`;
    default:
      return `Port ${port} of ${host} cannot be used: ${messageOf(error)}`;
  }
}
