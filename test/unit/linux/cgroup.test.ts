import { expect } from 'chai';
import type { ReadText } from '../../../core/linux/cgroup.js';
import {
  findGroups,
  groupAvailable,
  memoryGroups,
  parseMounts,
  parseThrottling,
  pidsGroups,
  quotaCores,
} from '../../../core/linux/cgroup.js';

const MiB = 2 ** 20;
const tree =
  (files: Readonly<Record<string, string>>): ReadText =>
  (path) =>
    files[path] ?? null;

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const V1_MOUNTS =
  '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n' +
  '39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n';
const HYBRID_MOUNT = '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';

const v2 = tree({
  '/proc/self/cgroup': '0::/team.slice/job.scope\n',
  '/proc/self/mountinfo': V2_MOUNT,
  '/sys/fs/cgroup/cgroup.controllers': 'cpu io memory pids\n',
  '/sys/fs/cgroup/team.slice/memory.max': '1073741824\n',
  '/sys/fs/cgroup/team.slice/memory.high': 'max\n',
  '/sys/fs/cgroup/team.slice/cpu.max': '50000 100000\n',
  '/sys/fs/cgroup/team.slice/pids.max': '100\n',
  '/sys/fs/cgroup/team.slice/job.scope/memory.max': '4294967296\n',
  '/sys/fs/cgroup/team.slice/job.scope/memory.high': '2147483648\n',
  '/sys/fs/cgroup/team.slice/job.scope/cpu.max': 'max 100000\n',
  '/sys/fs/cgroup/team.slice/job.scope/pids.max': 'max\n',
});

const hybrid = tree({
  '/proc/self/cgroup': '4:memory:/a/b\n3:cpu,cpuacct:/a\n2:pids:/a/b\n0::/\n',
  '/proc/self/mountinfo': V1_MOUNTS + HYBRID_MOUNT,
  '/sys/fs/cgroup/unified/cgroup.controllers': 'hugetlb\n',
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': '314572800\n',
  '/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes': '9223372036854771712\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '150000\n',
  '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '100000\n',
  '/sys/fs/cgroup/pids/a/b/pids.max': '64\n',
});

describe('control groups, version 2', () => {
  it('walks from its own group to the root', () => {
    expect(findGroups('memory', v2)).to.deep.equal({
      version: 2,
      folders: ['/sys/fs/cgroup/team.slice/job.scope', '/sys/fs/cgroup/team.slice', '/sys/fs/cgroup'],
    });
  });

  it('sees the limit of an ancestor that is tighter than its own, and takes memory.high as a limit', () => {
    const limits = memoryGroups(findGroups('memory', v2), v2).map((g) => g.limitBytes / MiB);
    expect(limits).to.deep.equal([2048, 1024]);
    expect(quotaCores(findGroups('cpu', v2), v2)).to.equal(0.5);
    expect(pidsGroups(findGroups('pids', v2), v2).map((g) => g.max)).to.deep.equal([100]);
  });

  it('does not count file pages that nobody touched lately as used', () => {
    const stat = 'anon 100\ninactive_file 400\nactive_file 200\n';
    expect(groupAvailable(1000, '700\n', stat, 2)).to.equal(700);
    expect(groupAvailable(1000, '', stat, 2)).to.equal(null);
    expect(groupAvailable(100, '700\n', '', 2)).to.equal(0);
  });
});

describe('control groups, version 1 and both at once', () => {
  it('takes a controller from v1 where v2 does not rule it', () => {
    expect(findGroups('memory', hybrid)?.version).to.equal(1);
    expect(memoryGroups(findGroups('memory', hybrid), hybrid)).to.have.lengthOf(1);
    expect(memoryGroups(findGroups('memory', hybrid), hybrid)[0]).to.include({
      folder: '/sys/fs/cgroup/memory/a',
      limitBytes: 300 * MiB,
      usageFile: '/sys/fs/cgroup/memory/a/memory.usage_in_bytes',
    });
    expect(quotaCores(findGroups('cpu', hybrid), hybrid)).to.equal(1.5);
    expect(pidsGroups(findGroups('pids', hybrid), hybrid)).to.deep.equal([
      { max: 64, currentFile: '/sys/fs/cgroup/pids/a/b/pids.current' },
    ]);
  });

  it('uses the hierarchical figure of memory.stat', () => {
    expect(groupAvailable(1000, '700\n', 'inactive_file 1\ntotal_inactive_file 400\n', 1)).to.equal(700);
  });

  it('finds its group through the part of the tree that a container sees', () => {
    const inside = tree({
      '/proc/self/cgroup': '4:memory:/docker/abc/job\n',
      '/proc/self/mountinfo': '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n',
    });
    expect(findGroups('memory', inside)?.folders).to.deep.equal([
      '/sys/fs/cgroup/memory/job',
      '/sys/fs/cgroup/memory',
    ]);
  });

  it('stays at the mount when the path lies outside of it', () => {
    const outside = tree({
      '/proc/self/cgroup': '4:memory:/../other\n',
      '/proc/self/mountinfo': '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n',
    });
    expect(findGroups('memory', outside)?.folders).to.deep.equal(['/sys/fs/cgroup/memory']);
  });
});

describe('control groups, texts', () => {
  it('reads mount points with escaped characters and skips other filesystems', () => {
    const mounts = parseMounts(
      '20 1 8:1 / / rw - ext4 /dev/vda rw\n30 20 0:26 / /my\\040groups rw shared:1 - cgroup2 none rw\n',
    );
    expect(mounts.map((m) => m.point)).to.deep.equal(['/my groups']);
  });

  it('reads enforcement periods, and null where there is no quota controller', () => {
    const seen = { periods: 10, throttled: 4, throttledNs: 5000 };
    expect(parseThrottling('nr_periods 10\nnr_throttled 4\nthrottled_usec 5\n')).to.deep.equal(seen);
    expect(parseThrottling('nr_periods 10\nnr_throttled 4\nthrottled_time 5000\n')).to.deep.equal(seen);
    expect(parseThrottling('usage_usec 10\n')).to.equal(null);
  });

  it('says null without control groups', () => {
    expect(findGroups('memory', tree({}))).to.equal(null);
    expect(memoryGroups(null, tree({}))).to.deep.equal([]);
    expect(quotaCores(null, tree({}))).to.equal(null);
  });
});
