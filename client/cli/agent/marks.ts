import { type LogEntry, limits, parseStageMarker } from "../../../protocol/mod.ts";

/** What a printed line says of how far its script is. */
export type Marks = Pick<LogEntry, "progress" | "step" | "currentStep" | "totalSteps">;

const number = String.raw`(\d{1,3}(?:\.\d{1,6})?)`;

/** Ways of printing percent, each with the percent as its first group. */
const percents: readonly RegExp[] = [
  // ::progress 42::  ::progress::42
  new RegExp(String.raw`^::progress(?:\s+|::)${number}\s?%?(?:::.*)?$`, "i"),
  // Progress: 42  Progress: [ 42%]  Progress 42.5 %
  new RegExp(String.raw`^progress(?::\s*|\s+)\[?\s*${number}(?:\s?%|\s*\]|$)`, "i"),
  // [ 42%] Building
  new RegExp(String.raw`^\[\s*${number}\s?%\s*\]`),
  // 42%  42%|████      | 42/100
  new RegExp(String.raw`^${number}\s?%(?:$|\|)`),
  // [=====>    ] 42%  ######## 42.0%
  new RegExp(String.raw`^[[|(]?[#=>.*\-+█▉▊▋▌▍▎▏▓▒░\s]{2,}[\])|]?\s*(?<![\d.-])${number}\s?%(?:$|[\s,;|])`),
  // ##vso[task.setprogress value=42;]Unpacking
  new RegExp(String.raw`^##vso\[task\.setprogress value=${number};?\]`),
];

const countOf = String.raw`(\d{1,6})\s*(?:/|\bof\b)\s*(\d{1,6})`;

/** Ways of printing steps: which, of how many, and (if it is said) what it is called. */
const steps: readonly RegExp[] = [
  // Step 3/10: Unpack  ==> step 3 of 10 - Unpack  Step 3/10 : RUN make
  new RegExp(String.raw`^[=\->#*\s]{0,8}\bstep\s+${countOf}(?:\s*[:.)\-–—]\s*|\s+|$)(.*)$`, "i"),
  // [3/10] Unpack  (3/10) Unpack
  new RegExp(String.raw`^[[(]\s*${countOf}\s*[\])]\s*(.*)$`, "i"),
  // ::step 3/10::Unpack
  new RegExp(String.raw`^::step\s+${countOf}(?:::(.*))?$`, "i"),
];

/**
 * Reads the progress and the step of one line, or of what a redrawn line shows now; nothing where it says nothing
 * of them. A percent over 100 and a step past the last are text like any other.
 */
export function readMarks(line: string): Marks {
  const text = line.trim().slice(0, 1_024);
  return { ...readProgress(text), ...(readStep(text) ?? readGroup(text)) };
}

function readProgress(text: string): Marks {
  for (const form of percents) {
    const progress = Number(form.exec(text)?.[1] ?? Number.NaN);
    if (progress >= 0 && progress <= 100) return { progress };
  }
  return {};
}

function readStep(text: string): Marks | null {
  for (const form of steps) {
    const found = form.exec(text);
    if (found === null) continue;
    const [currentStep, totalSteps] = [Number(found[1]), Number(found[2])];
    if (currentStep < 1 || currentStep > totalSteps) continue;
    return { step: nameOf(found[3] ?? ""), currentStep, totalSteps };
  }
  return null;
}

/** A group is a step of which is not said how many there are. */
function readGroup(text: string): Marks {
  const marker = parseStageMarker(text);
  return marker?.kind === "begin" ? { step: nameOf(marker.name) } : {};
}

function nameOf(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, limits.stepChars)
    .toWellFormed();
}
