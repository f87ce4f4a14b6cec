import { useEffect, useRef, useState } from "preact/hooks";

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
  const told = useRef(value);
  useEffect(() => {
    // What comes back is what was told, and more may have been typed since; anything else was set elsewhere.
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onSearch(text);
    }, pauseMs);
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
