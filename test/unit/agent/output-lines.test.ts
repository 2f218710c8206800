import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { LINE_MAX, LINES_PER_SECOND, readLines } from '../../../core/agent/output-lines.js';

describe('output of agents', () => {
  async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
    const stream = new PassThrough();
    const lines: string[] = [];
    readLines(stream, (text) => lines.push(text));
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    await new Promise((resolve) => stream.once('close', resolve));
    return lines;
  }

  it('is cut into lines, whatever the chunks; the last needs no end', async () => {
    const euro = Buffer.from('€');
    expect(await linesOf('a\nb', 'c\r\n', euro.subarray(0, 1), euro.subarray(1))).to.deep.equal([
      'a',
      'bc',
      '€',
    ]);
  });

  it('is bounded in the length of a line', async () => {
    const [line, next] = await linesOf('x'.repeat(LINE_MAX + 5), '\n', 'short\n');
    expect(line)
      .to.match(/^x+ … \(5 more characters\)$/)
      .and.to.have.length(LINE_MAX + ' … (5 more characters)'.length);
    expect(next).to.equal('short');
  });

  it('is bounded in lines a second, and says how many were left out', async () => {
    const lines = await linesOf('line\n'.repeat(LINES_PER_SECOND + 7));
    expect(lines).to.have.length(LINES_PER_SECOND + 1);
    expect(lines[LINES_PER_SECOND]).to.equal('(7 more lines in one second)');
  });
});
