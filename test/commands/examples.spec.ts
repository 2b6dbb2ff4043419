import { runProgram } from './run-program.js';

// They check the bytes themselves, and fail at the first difference.
describe('the examples', () => {
  it('tour the main job by the command', async () => {
    const { status, stdout, stderr } = await runProgram('examples/quickstart/dist/main.js');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('$ scoria snapshot delete tuesday\n');
    expect(stdout).toMatch(/0 volume\(s\) and 0 snapshot\(s\) checked on local: nothing is wrong\n$/);
  });

  it('embed the manager', async () => {
    const { status, stdout } = await runProgram('examples/embed/dist/main.js');
    expect(status).toBe(0);
    expect(stdout).toContain('the copy reads "kept in a snapshot"');
  });
});
