// What the build puts into the bundle: see build.mjs.
declare module 'kernlens:worker' {
  const source: string; // of the worker, as one classic script
  export default source;
}
declare module 'kernlens:wasm' {
  const packed: string; // gzip, base64
  export default packed;
}
declare module 'kernlens:sample' {
  const packed: string; // a small synthetic dump: gzip, base64; empty: none in this build
  export default packed;
}
