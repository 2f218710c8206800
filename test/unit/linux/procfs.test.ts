import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  fieldOf,
  KeptFile,
  parseFileNr,
  parseLimit,
  parseMeminfo,
  parsePressure,
  parseProcessStat,
  parseSchedstat,
  parseStatCpu,
  parseTasks,
  processStart,
} from '../../../core/linux/procfs.js';

const isLinux = process.platform === 'linux';

describe('procfs parsers', () => {
  it('reads meminfo in bytes, and says null for what a kernel does not have', () => {
    const text = 'MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    9000000 kB\n';
    expect(parseMeminfo(text)).to.deep.equal({
      totalBytes: 16_384_000_000,
      availableBytes: 9_216_000_000,
      swapTotalBytes: null,
      swapFreeBytes: null,
    });
    expect(parseMeminfo('')).to.equal(null);
  });

  it('finds a field only at the beginning of a line', () => {
    expect(fieldOf('total_inactive_file 9\ninactive_file 4\n', 'inactive_file')).to.equal(4);
    expect(fieldOf('total_inactive_file 9\n', 'inactive_file')).to.equal(null);
  });

  it('counts stolen time as busy and waiting for storage as idle', () => {
    expect(parseStatCpu('cpu  10 0 5 70 10 1 1 3 2 0\ncpu0 1 1 1 1\n')).to.deep.equal({
      busy: 20,
      total: 100,
    });
    expect(parseStatCpu('cpu0 1 2 3 4\n')).to.equal(null);
  });

  it('reads pressure with and without the line "full"', () => {
    const some = 'some avg10=0.00 avg60=0.38 avg300=0.57 total=11832106\n';
    expect(parsePressure(some)).to.deep.equal({ someUs: 11_832_106, fullUs: null });
    expect(parsePressure(`${some}full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n`)?.fullUs).to.equal(7);
    expect(parsePressure('')).to.equal(null);
  });

  it('reads file-nr, loadavg, limits and schedstat', () => {
    expect(parseFileNr('773\t0\t2466183\n')).to.deep.equal({ used: 773, max: 2_466_183 });
    expect(parseFileNr('')).to.equal(null);
    expect(parseTasks('0.10 0.20 0.30 2/345 6789\n')).to.equal(345);
    const limits = 'Max processes             unlimited            unlimited            processes\n';
    expect(parseLimit(limits, 'Max processes')).to.equal(Infinity);
    expect(parseLimit(limits, 'Max open files')).to.equal(null);
    expect(parseSchedstat('123 45 6\n')).to.deep.equal({ cpuNs: 123, waitNs: 45 });
  });

  it('is not misled by brackets and spaces in the name of a process', () => {
    const tail = Array.from({ length: 17 }, (_, i) => i + 5).join(' ');
    expect(parseProcessStat(`7 (a) Z (b) S 3 ${tail} 987 0`)).to.deep.equal({
      state: 'S',
      parent: 3,
      startTicks: 987,
    });
  });
});

describe('procfs on this host', () => {
  before(function () {
    if (!isLinux) this.skip(); // reads /proc
  });

  it('reads a kept file afresh each time, and null for what is not there', () => {
    const file = KeptFile.open('/proc/uptime')!;
    const first = Number(file.read()!.split(' ')[0]);
    expect(Number(file.read()!.split(' ')[0])).to.be.at.least(first);
    file.close();
    expect(KeptFile.open('/proc/there/is/no/such')).to.equal(null);
  });

  it('names a process by its start time, and counts a dead one as gone', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const start = processStart(child.pid!);
    expect(start).to.be.a('number').greaterThan(0);
    expect(processStart(child.pid!)).to.equal(start);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processStart(child.pid!)).to.equal(null);
  });
});
