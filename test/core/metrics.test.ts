import { expect, test } from "vitest";
import { Metric } from "../../worker/core/metrics.ts";

test("[MET1] a metric is written as Prometheus reads it, from 0 on", () => {
  const level = new Metric({ name: "tank_litres", type: "gauge", help: "What is in the tank." });
  level.add(3);
  level.add(-1);
  expect(level.encode()).toBe(
    "# HELP tank_litres What is in the tank.\n# TYPE tank_litres gauge\ntank_litres 2\n",
  );
  const label = { name: "colour", values: ["red", "blue"] };
  const drops = new Metric({ name: "drops_total", type: "counter", help: "Drops.", label });
  drops.add(2, "red");
  expect(drops.encode({ isolate: "1" })).toBe(
    '# HELP drops_total Drops.\n# TYPE drops_total counter\ndrops_total{isolate="1",colour="red"} 2\ndrops_total{isolate="1",colour="blue"} 0\n',
  );
});

test("[MET2] a value that its label does not have makes no series", () => {
  const label = { name: "colour", values: ["red"] };
  const drops = new Metric({ name: "drops_total", type: "counter", help: "Drops.", label });
  for (let n = 0; n < 1_000; n++) drops.add(1, `colour ${n}`);
  drops.add(1);
  expect([drops.has("red"), drops.has("green")]).toEqual([true, false]);
  expect(drops.encode().split("\n").slice(2)).toEqual(['drops_total{colour="red"} 0', ""]);
});
