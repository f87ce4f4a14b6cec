/** Counts and levels for an operator, in Prometheus' text format 0.0.4. */

interface MetricAbout {
  /** In snake_case, with its unit; a counter's ends with `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** One sentence. */
  readonly help: string;
  /** What it is told apart by, and every value that this may have: so its series are few, and are there from 0. */
  readonly label?: { readonly name: string; readonly values: readonly string[] };
}

/** A number that only grows (`counter`) or that comes and goes (`gauge`); one for each value of its label. */
export class Metric {
  readonly #about: MetricAbout;
  readonly #values: Map<string, number>;

  constructor(about: MetricAbout) {
    this.#about = about;
    this.#values = new Map((about.label?.values ?? [""]).map((value) => [value, 0]));
  }

  /** Whether it is counted by this value of its label. */
  has(value: string): boolean {
    return this.#values.has(value);
  }

  /** What is counted by a value that its label does not have is left out. */
  add(amount: number, value = ""): void {
    const before = this.#values.get(value);
    if (before !== undefined) this.#values.set(value, before + amount);
  }

  /** Its lines; `common` are labels of every series. */
  encode(common: Readonly<Record<string, string>> = {}): string {
    const { name, type, help, label } = this.#about;
    const series = [...this.#values].map(([value, number]) => {
      const labels = label === undefined ? common : { ...common, [label.name]: value };
      return `${name}${encodeLabels(labels)} ${number}\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.join("")}`;
  }
}

function encodeLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
