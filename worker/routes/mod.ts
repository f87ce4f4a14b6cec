import { fromHono } from "chanfana";
import { Hono } from "hono";
import { ReadAudit } from "./audit/read_audit.ts";
import { AppendEntries } from "./channels/append.ts";
import { DeleteChannel } from "./channels/delete.ts";
import { DownloadChannel } from "./channels/download.ts";
import { EndChannel } from "./channels/end.ts";
import { ReadEntries } from "./channels/history.ts";
import { ListChannels } from "./channels/list.ts";
import { ReadChannel } from "./channels/summary.ts";
import { ReadCommand } from "./commands/read.ts";
import { SendCommand } from "./commands/send.ts";
import { configured } from "./configured.ts";
import type { GatewayEnv } from "./context.ts";
import { GetTaskLog } from "./dialects/get_log.ts";
import { StartInstall } from "./dialects/install.ts";
import { ReadPluginLogs } from "./dialects/plugin_logs.ts";
import { ReadTaskHistory } from "./dialects/task_history.ts";
import { ReadTaskStatus } from "./dialects/task_status.ts";
import { failed } from "./failures.ts";
import { ReadHealth } from "./health.ts";
import { unrouted } from "./methods.ts";
import { ReadMetrics } from "./metrics/read_metrics.ts";
import { addPages } from "./pages.ts";
import { ReadSession } from "./session/read_session.ts";
import { SignIn } from "./session/sign_in.ts";
import { SignOut } from "./session/sign_out.ts";
import { openAgentSocket } from "./ws/agents.ts";
import { addDialectSockets } from "./ws/dialect_sockets.ts";
import { openDirectSocket } from "./ws/direct.ts";
import { openProducerSocket } from "./ws/producers.ts";

const app = new Hono<GatewayEnv>();
app.onError(failed);
app.notFound(unrouted(app));

const documented = fromHono(app, {
  // Its own pages load scripts from elsewhere; /docs serves ours.
  docs_url: null,
  redoc_url: null,
  openapi_url: null,
  openapiVersion: "3.1",
  passthroughErrors: true,
  schema: {
    info: {
      title: "Tailrace",
      version: "1",
      description: "Realtime logs and events: append, read, end and find channels.",
    },
  },
});
documented.registry.registerComponent("securitySchemes", "bearer", {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
});

documented.get("/healthz", ReadHealth);
// What comes before this line is answered without a secret.
app.use("*", configured);

documented.get("/metrics", ReadMetrics);
documented.post("/v1/session", SignIn);
documented.get("/v1/session", ReadSession);
documented.delete("/v1/session", SignOut);
documented.get("/v1/audit", ReadAudit);
documented.get("/v1/channels", ListChannels);
documented.get("/v1/channels/:kind/:id", ReadChannel);
documented.delete("/v1/channels/:kind/:id", DeleteChannel);
documented.post("/v1/channels/:kind/:id/end", EndChannel);
documented.get("/v1/channels/:kind/:id/download", DownloadChannel);
documented.post("/v1/channels/:kind/:id/entries", AppendEntries);
documented.get("/v1/channels/:kind/:id/entries", ReadEntries);
documented.post("/v1/channels/:kind/:id/commands", SendCommand);
documented.get("/v1/channels/:kind/:id/commands/:command", ReadCommand);
documented.get("/plugin/:id/logs", ReadPluginLogs);
documented.get("/v1/log/history", ReadTaskHistory);
documented.get("/v1/log/status", ReadTaskStatus);
documented.post("/v1/soft/install", StartInstall);
documented.get("/v1/soft/getlog", GetTaskLog);

app.get("/openapi.json", (c) => c.json(documented.schema));
addDialectSockets(app);
app.get("/ws/channels/:kind/:id", openDirectSocket);
app.get("/ws/producers/:kind/:id", openProducerSocket);
app.get("/ws/agent", openAgentSocket);
addPages(app);

export default app;
