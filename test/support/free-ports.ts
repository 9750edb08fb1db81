export { freePorts } from "../../src/cli/demo/free-ports.ts";
