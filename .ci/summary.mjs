const nothing = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

/** Counts of one suite, out of jest's JSON results (undefined if it left none) and its exit status. */
export function countOf(results = nothing, status = 1) {
  // A file that cannot even be loaded has no failed test in it, and is a failure all the same.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    skipped: results.numPendingTests + results.numTodoTests,
    failed: status === 0 ? failed : Math.max(failed, 1),
  };
}

/** A suite in which nothing ran has not succeeded. */
export function succeeded({ passed, failed }) {
  return failed === 0 && passed > 0;
}

/** The last lines of a run; the very last one is 'N passed, N failed', alone. */
export function closingLines(counts) {
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
  const skipped = sum('skipped');
  return [
    '',
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    `${sum('passed')} passed, ${sum('failed')} failed`,
  ];
}
