// pino declares no types for its build without Node: it is the same function, with the options under `browser`.
declare module 'pino/browser.js' {
  export { pino as default } from 'pino';
}
