import { useEffect, useState } from "preact/hooks";

/** After the last key: a keyword is searched for once it is typed, not letter by letter. */
const pauseMs = 150;

export interface SearchBoxProps {
  readonly label: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
}

/** A search field that tells what was typed after a pause. */
export function SearchBox({ label, value, onSearch }: SearchBoxProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      type="search"
      class="search"
      aria-label={label}
      placeholder={label}
      spellcheck={false}
      maxLength={256}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
    />
  );
}
