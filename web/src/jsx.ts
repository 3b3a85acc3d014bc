// What elements compile to; the build gives it to every file.
export { Fragment, h } from "preact";
