import { describe, expect, test } from "vitest";
import { call, freshChannel, openSocket, problemIn, token } from "./gateway.ts";

/** The series of a metric by the labels after its isolate, which all of them share. */
async function readMetric(name: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await call("/metrics")).text();
  const series = [...text.matchAll(/^(\w+)\{isolate="[0-9a-f]{8}",?(.*)\} (\d+)$/gm)];
  const ofName = series.filter(([, found]) => found === name);
  return Object.fromEntries(ofName.map(([, , labels = "", value]) => [labels, Number(value)]));
}

describe("GET /metrics", () => {
  test("[MET3] is Prometheus' text, with help, type and one isolate for all", async () => {
    const response = await call("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const text = await response.text();
    expect(text).toMatch(/^# TYPE tailrace_rate_dropped_lines_total counter$/m);
    expect(text).toMatch(/^tailrace_rate_dropped_lines_total\{isolate="[0-9a-f]{8}"\} 0$/m);
    const isolates = [...text.matchAll(/isolate="(\w+)"/g)].map(([, isolate]) => isolate);
    expect(isolates.length).toBeGreaterThan(10);
    expect(new Set(isolates).size).toBe(1);
  });

  test("[MET4] needs admin:*, and takes no query", async () => {
    expect(await problemIn(await call("/metrics", { as: null }))).toMatchObject({ code: "token_missing" });
    const reader = await token({ grants: ["read:*/*", "write:*/*"] });
    const refused = await problemIn(await call("/metrics", { as: reader }));
    expect(refused).toMatchObject({ status: 403, code: "forbidden" });
    expect(refused.detail).toContain("needs the grant admin:*");
    expect(await problemIn(await call("/metrics?name=x"))).toMatchObject({ code: "unknown_field" });
  });

  test("[MET5] counts the sockets that end here, and why they ended", async () => {
    const before = await readMetric("tailrace_sockets_closed_total");
    const many = await openSocket("/ws");
    const producer = await openSocket("/ws/producers/build/metrics");
    expect(await readMetric("tailrace_sockets_open")).toEqual({ "": 2 });
    many.send("no JSON");
    expect(await many.closed).toMatchObject({ code: 4400 });
    producer.socket.close(3999);
    await producer.closed;
    await expect.poll(() => readMetric("tailrace_sockets_open")).toEqual({ "": 0 });
    const after = await readMetric("tailrace_sockets_closed_total");
    expect(after['code="4400"']).toBe((before['code="4400"'] ?? 0) + 1);
  });

  test("[MET6] counts clients' frames by what they speak, refusals by code, and commands with their time", async () => {
    const names = ["client_frames_received", "client_frames_sent", "client_refusals", "client_commands"];
    const readAll = async () => {
      const all = await Promise.all(names.map((name) => readMetric(`tailrace_${name}_total`)));
      return all.map((series) => new Map(Object.entries(series)));
    };
    const before = await readAll();
    const channel = freshChannel("project");
    const socket = await openSocket("/ws", {
      as: await token({ grants: [`read:${channel}`, "command:*/*"] }),
    });
    const projectGuid = channel;
    socket.send({ type: "join_project", projectGuid });
    await socket.next();
    socket.send({ type: "shout", projectGuid });
    await socket.next();
    socket.send({ type: "user_feedback", projectGuid, data: { text: "<script>" } });
    await socket.next();
    socket.send({ type: "user_feedback", projectGuid, data: { text: "red" } });
    socket.send({ type: "join_project", projectGuid: "another" });
    await socket.next();
    const more = async () => {
      const after = await readAll();
      return after.map((series, i) =>
        Object.fromEntries(
          [...series].flatMap(([label, count]) => {
            const grown = count - (before[i]?.get(label) ?? 0);
            return grown === 0 ? [] : [[label, grown]];
          }),
        ),
      );
    };
    await expect
      .poll(more)
      .toEqual([
        { 'protocol="B"': 5 },
        { 'protocol="B"': 4 },
        { 'code="unknown_frame"': 1, 'code="hostile_content"': 1, 'code="forbidden"': 1 },
        { 'outcome="stored"': 1, 'outcome="refused"': 1 },
      ]);
    expect(await readMetric("tailrace_client_command_milliseconds_total")).toEqual({
      "": expect.any(Number),
    });
    socket.close();
  });
});
