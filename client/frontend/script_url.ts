/** Where this script came from, known only while it is first run; the page's own address for a module. */
export const scriptUrl: string =
  document.currentScript instanceof HTMLScriptElement && document.currentScript.src !== ""
    ? document.currentScript.src
    : location.href;
