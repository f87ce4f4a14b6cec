/** Texts that parsers take, and random changes of them. */

export const seedTexts: readonly string[] = [
  '{"type":"subscribe","channel":"build/1","cursor":3,"epoch":"e","maxWindowBytes":8192}',
  '{"type":"subscribe","channel":"build/1","last":5,"filter":{"levels":["warn"],"stages":["a"],"search":"x"}}',
  '{"type":"subscribe","buildId":"4711","cursor":3}',
  '{"type":"filter","level":"WARN,error","search":"x"}',
  '{"cmd":"user_input","id":"c1","data":{"session_id":"s1","text":"a"}}',
  '{"type":"unsubscribe","channel":"build/1"}',
  '{"type":"ack","channel":"build/1","cursor":7}',
  '{"type":"auth","token":"a.b.c"}',
  '{"type":"ping"}',
  '{"type":"append","channel":"build/1","producer":"p","epoch":1,"seq":0,"entries":[{"line":"a"}]}',
  '{"type":"subscribed","channel":"build/1","epoch":"e","first":1,"cursor":0,"tail":9,"oldest":1,"ended":false,"resumed":true,"windowBytes":8192}',
  '{"type":"entries","channel":"build/1","first":1,"entries":[{"kind":"log","ts":1,"level":"info","line":"a"}]}',
  '{"type":"gap","channel":"build/1","from":1,"to":2,"count":2,"reason":"retention"}',
  '{"type":"end","channel":"build/1","cursor":2,"status":"success","lines":2,"bytes":4,"crc32":"0123abcd"}',
  '{"levels":["info","error"],"stages":["test"],"events":["done"],"search":"needle"}',
  '{"kind":"log","ts":1,"level":"info","line":"a\\nb","stage":"s","fields":{"a":[1,{"b":null}]},"progress":50}',
  '{"kind":"event","ts":1,"event":"done","data":{"a":1},"id":"1","nodeId":"n"}',
  '{"line":"one"}\n{"line":"two","level":"warn"}\n{"event":"e","kind":"event","data":null}\n',
  '{"entries":[{"line":"one"},{"line":"two","more":true}]}',
  "plain text\r\nwith lines\n\u0000 and \r marks\n",
  '{"sub":"me","exp":2000000000,"aud":"tailrace","tenant":"t","grants":["read:build/*"]}',
  "read:build/app-*",
  "admin:*",
  "write:project/P",
  "30",
  "true",
  // What stands for a setting's default.
  "",
];

/** Words that stand at the borders of what is allowed. */
const words: readonly string[] = [
  "null",
  "-1",
  "1e999",
  "9007199254740993",
  "1.5",
  '""',
  '"\\ud800"',
  "\ud800",
  "\u2028",
  "\ufeff",
  "\u0000",
  "{}",
  "[]",
  '"__proto__":{}',
  '"constructor":1',
  '"toString"',
  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
  "x".repeat(300),
  "😀".repeat(70),
  "\r\n",
  "/",
  "*",
];

/** A text as it is, or with some places removed, doubled, replaced or filled in. */
export function mutatedText(random: () => number, texts: readonly string[]): string {
  const below = (bound: number) => Math.floor(random() * bound);
  let text = texts[below(texts.length)] ?? "";
  for (let changes = below(4); changes > 0; changes--) {
    const at = below(text.length + 1);
    const end = at + below(12);
    switch (below(5)) {
      case 0:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 1:
        text = text.slice(0, at) + words[below(words.length)] + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + String.fromCharCode(below(65_536)) + text.slice(at + 1);
        break;
      case 3:
        text = text.slice(0, end) + text.slice(at);
        break;
      default:
        text = replaceValue(text, below, words[below(words.length)] ?? "");
    }
  }
  return text;
}

/** Puts a word in the place of a JSON value, so that the whole often stays JSON. */
function replaceValue(text: string, below: (bound: number) => number, word: string): string {
  const values = [...text.matchAll(/(?<=[:[,])(?:"[^"]*"|[\w.]+)/g)];
  const found = values[below(values.length)];
  return found === undefined
    ? text
    : text.slice(0, found.index) + word + text.slice(found.index + found[0].length);
}
