using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SelfAdapt.Benchmarks;

/// <summary>What the machine can do: multiply-adds, and bytes from every level of memory.</summary>
internal static unsafe class PeakTable
{
    // About 50 ms of work at the usual rates.
    private const long Iterations = 1 << 24;
    private const long BytesPerMeasurement = 2L << 30;
    private const long SlowBytesPerMeasurement = 1L << 30;
    private static volatile float _sink;

    /// <summary>Writes the table.</summary>
    public static void Write(Bench bench)
    {
        int[] threadCounts = bench.Settings.ThreadCounts;
        bench.Report.Section("Machine peak", $"""
            Best of {bench.Settings.Rounds} rounds. Every thread has buffers of its own: half the cache for L1, L2 and
            (shared) L3, four times L3 for DRAM. A copy counts the bytes read and the bytes written.
            """);
        bench.Report.Table(1, ["what", .. threadCounts.Select(Bench.Threads)]);
        bench.Report.Row(
            ["multiply-add, GFLOP/s", .. threadCounts.Select(t => (object?)MultiplyAddPeak(t, bench.Settings.Rounds))]);
        foreach ((string name, bool copy) in new[] { ("read", false), ("copy", true) })
        {
            for (int level = 1; level <= 4; level++)
            {
                int at = level;
                bench.Report.Row(
                [
                    $"{name} {(level == 4 ? "DRAM" : $"L{level}")}, GB/s",
                    .. threadCounts.Select(t => (object?)Bandwidth(at, copy, t, bench.Settings.Rounds)),
                ]);
            }
        }
    }

    /// <summary>Multiply-add rate of so many threads, GFLOP/s: the best round.</summary>
    /// <param name="threads">Threads.</param>
    /// <param name="rounds">Rounds.</param>
    public static double MultiplyAddPeak(int threads, int rounds) =>
        Enumerable.Range(0, rounds).Max(_ => (double)PeakKernels.FlopsPerIteration * Iterations * threads / 1e9
            / Seconds(threads, _ => { }, (_) => _sink = PeakKernels.MultiplyAdd(Iterations)));

    private static double Bandwidth(int level, bool copy, int threads, int rounds)
    {
        long bytes = level switch
        {
            1 or 2 => Machine.CacheBytes(level) / 2,
            3 => Machine.CacheBytes(3) / 2 / threads,
            _ => Math.Max(Machine.CacheBytes(3) * 4, 128 << 20) / threads,
        };
        int granule = PeakKernels.Step * sizeof(float) * 2;
        bytes = Math.Max(granule, bytes / granule * granule);
        long passes = Math.Max(1, (level <= 2 ? BytesPerMeasurement : SlowBytesPerMeasurement) / bytes);
        nint[] buffers = new nint[threads];
        void Touch(int i)
        {
            buffers[i] = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 4096);
            new Span<byte>((void*)buffers[i], (int)bytes).Clear();
        }

        double best = 0;
        for (int round = 0; round < rounds; round++)
        {
            double seconds = Seconds(
                threads, Touch, i => Pass((float*)buffers[i], bytes / sizeof(float), copy, passes));
            best = Math.Max(best, (double)bytes * passes * threads / 1e9 / seconds);
            foreach (nint buffer in buffers)
            {
                NativeMemory.AlignedFree((void*)buffer);
            }
        }

        return best;
    }

    private static void Pass(float* buffer, long length, bool copy, long passes)
    {
        for (long pass = 0; pass < passes; pass++)
        {
            if (copy)
            {
                PeakKernels.Copy(buffer, buffer + (length / 2), length / 2);
            }
            else
            {
                _sink = PeakKernels.Read(buffer, length);
            }
        }
    }

    /// <summary>From the moment when all threads are ready until the last is done.</summary>
    private static double Seconds(int threads, Action<int> prepare, Action<int> work)
    {
        using Barrier ready = new(threads + 1);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() =>
        {
            prepare(i);
            ready.SignalAndWait();
            work(i);
        }))];
        foreach (Thread worker in workers)
        {
            worker.Start();
        }

        ready.SignalAndWait();
        long start = Stopwatch.GetTimestamp();
        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
