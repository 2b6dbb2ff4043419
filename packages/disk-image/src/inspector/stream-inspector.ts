import { ByteWindow } from './byte-window.js';
import { HEAD_LENGTH, missingRegions, REGION_BYTES_MAX, TAIL_LENGTH } from './capture-plan.js';
import type { ImageReport } from './image-report.js';
import { RegionCapture } from './region-capture.js';
import { buildReport, PROBES } from './report-builder.js';
import { TailCapture } from './tail-capture.js';

/**
 * Inspects an image while its bytes stream by, keeping no more than head, tail
 * and the few regions the headers name. The report is that of `inspectImage`.
 *
 * ```ts
 * const inspector = new StreamInspector();
 * for await (const chunk of download) {
 *   inspector.write(chunk);
 *   await target.write(chunk);
 * }
 * const report = inspector.finish();
 * ```
 */
export class StreamInspector {
  private readonly window = new ByteWindow(Infinity);
  private readonly tail = new TailCapture(TAIL_LENGTH);
  private active = [new RegionCapture({ offset: 0, length: HEAD_LENGTH })];
  private budget = REGION_BYTES_MAX;
  private position = 0;

  /** Takes the next bytes. They are copied where needed: the caller may reuse the buffer. */
  write(chunk: Uint8Array): void {
    this.tail.push(chunk);
    let captured = this.feed(chunk);
    while (captured && this.startMissing()) {
      captured = this.feed(chunk);
    }
    this.position += chunk.length;
  }

  /** Judges what went by; call it once, at the end of the stream. */
  finish(): ImageReport {
    this.window.size = this.position;
    for (const capture of this.active) {
      capture.addTo(this.window);
    }
    const tail = this.tail.bytes();
    this.window.add(this.position - tail.length, tail);
    return buildReport(this.window);
  }

  /** Feeds every capture under way; true when one of them ended. */
  private feed(chunk: Uint8Array): boolean {
    for (const capture of this.active) {
      capture.take(chunk, this.position);
    }
    const done = this.active.filter((capture) => capture.isDone(this.position));
    for (const capture of done) {
      capture.addTo(this.window);
    }
    this.active = this.active.filter((capture) => !done.includes(capture));
    return done.length > 0;
  }

  /** Starts captures for what the headers seen so far name; false when there is nothing new. */
  private startMissing(): boolean {
    if (this.active.length > 0) {
      return false;
    }
    const regions = missingRegions(this.window, PROBES, this.budget);
    this.budget -= regions.reduce((sum, region) => sum + region.length, 0);
    this.active = regions.map((region) => new RegionCapture(region));
    return regions.length > 0;
  }
}
