import { runProgram } from './run-program.js';

/** The tour is almost forty commands, one after the other: a minute on a machine that has nothing else to do. */
const TOUR_MS = 400_000;

// They check the bytes themselves, and fail at the first difference.
describe('the examples', () => {
  it(
    'tour the main job by the command',
    async () => {
      const tour = 'examples/quickstart/dist/main.js';
      const { status, stdout, stderr } = await runProgram(tour, [], undefined, TOUR_MS - 10_000);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('$ scoria snapshot delete tuesday\n');
      expect(stdout).toMatch(/0 volume\(s\) and 0 snapshot\(s\) checked on local: nothing is wrong\n$/);
    },
    TOUR_MS,
  );

  it('embed the manager', async () => {
    const { status, stdout } = await runProgram('examples/embed/dist/main.js');
    expect(status).toBe(0);
    expect(stdout).toContain('the copy reads "kept in a snapshot"');
  });
});
