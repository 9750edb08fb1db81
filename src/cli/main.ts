import { runProgram } from "./program.ts";

// The process itself is the streams and the environment: those that a command does not touch are never opened.
void runProgram(process.argv.slice(2), process).then((exitCode) => {
  process.exitCode = exitCode;
});
