// Server-sent events, read from a stream of text that may be cut anywhere.

/**
 * @typedef {{kind: string, id: string|null, data: any}} Told
 */

/**
 * Return a function that takes the next piece of text and returns the events that are whole now.
 * @returns {(piece: string) => Told[]}
 */
export function reader() {
  let rest = "";
  let fields = /** @type {Record<string, string>} */ ({});
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = /** @type {string} */ (lines.pop());
    const events = [];
    for (const line of lines) {
      if (line === "") {
        if ("event" in fields && "data" in fields) {
          events.push({ kind: fields.event, id: fields.id ?? null, data: JSON.parse(fields.data) });
        }
        fields = {};
      } else if (!line.startsWith(":")) {
        const end = line.indexOf(":");
        const [name, value] = end < 0 ? [line, ""] : [line.slice(0, end), line.slice(end + 1).replace(/^ /, "")];
        fields[name] = name === "data" && "data" in fields ? `${fields.data}\n${value}` : value;
      }
    }
    return events;
  };
}
