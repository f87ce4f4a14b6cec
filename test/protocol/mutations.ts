import fc from "fast-check";

/** Values that stand at the borders of what fields allow. */
const awkward: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  100,
  100.5,
  8_191,
  8_192,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  8_640_000_000_000_001,
  "",
  "log",
  "event",
  "info",
  "running",
  "0123abcd",
  "build/1",
  "build/",
  "Build/1",
  "build/a b",
  "\ud800",
  "😀".repeat(64),
  "x".repeat(129),
  "x".repeat(256),
  "x".repeat(257),
  [],
  {},
  ["info"],
  [null],
  nest(32),
  nest(33),
];

function nest(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { deeper: value };
  return value;
}

const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...awkward) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** One change: a place that is found by walking down, and what is done there. */
const mutation = fc.record({
  path: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
  act: fc.constantFrom("replace", "replace", "remove", "add"),
  key: fc.constantFrom(
    "extra",
    "cursor",
    "last",
    "kind",
    "stage",
    "more",
    "data",
    "fields",
    "type",
    "__proto__",
  ),
  value,
});

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(root: unknown, change: Mutation): unknown {
  const [step = 0, ...rest] = change.path;
  if (typeof root !== "object" || root === null) return change.value;
  const entries = Object.entries(root);
  if (change.act === "add" && !Array.isArray(root)) {
    return fromEntries([...entries.filter(([key]) => key !== change.key), [change.key, change.value]]);
  }
  const place = entries.length === 0 ? -1 : step % entries.length;
  const changed = entries.flatMap(([key, item], at): [string, unknown][] => {
    if (at !== place) return [[key, item]];
    if (rest.length > 0 && typeof item === "object") return [[key, mutate(item, { ...change, path: rest })]];
    return change.act === "remove" ? [] : [[key, change.value]];
  });
  return Array.isArray(root) ? changed.map(([, item]) => item) : fromEntries(changed);
}

function fromEntries(entries: readonly (readonly [string, unknown])[]): unknown {
  return Object.fromEntries(entries);
}

/** JSON texts: the given values as they are, with one to three changes, and random ones. */
export function textsLike(values: readonly unknown[]): fc.Arbitrary<string> {
  const valid = fc.constantFrom(...values);
  const mutated = fc
    .tuple(valid, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([root, changes]) => changes.reduce<unknown>(mutate, root));
  return fc
    .oneof(
      { weight: 1, arbitrary: valid },
      { weight: 8, arbitrary: mutated },
      { weight: 1, arbitrary: fc.jsonValue() },
    )
    .map((each) => JSON.stringify(each));
}
