// Shapes that tell a state without colour.

import { svg } from "./dom.js";

const PATHS = {
  inside: "M4 12.5l5 5L20 6.5",
  more: "M12 5l8 14H4z",
  less: "M12 19l8-14H4z",
  farmore: "M12 2l7 10H5zM12 11l7 10H5z",
  farless: "M12 22l7-10H5zM12 13l7-10H5z",
  nodata: "M5 5l14 14M19 5L5 19",
  unforeseen: "M4 12h16",
  critical: "M12 2l10 10-10 10L2 12zM12 7v6M12 16.5v.5",
  warning: "M12 3l10 18H2zM12 9v6M12 18v.5",
  info: "M12 3a9 9 0 110 18 9 9 0 010-18zM12 11v6M12 7.5v.5",
  silent: "M4 9v6h4l6 5V4L8 9zM17 9l5 6M22 9l-5 6",
};

/**
 * @param {keyof typeof PATHS} name
 */
export const sign = (name) =>
  svg("svg", { viewBox: "0 0 24 24", class: `sign sign-${name}`, "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
