/** Ends with one line on a Node that Tierdeck does not support; imported before anything else. */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Tierdeck needs Node 20.19 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(1);
}
