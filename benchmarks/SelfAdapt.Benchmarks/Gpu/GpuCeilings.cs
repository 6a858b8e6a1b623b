using System;
using System.Collections.Generic;
using MathNet.Numerics.Statistics;
using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>What a GPU can do at most.</summary>
/// <param name="CopyBytesPerSecond">Bytes read and written by a large copy, measured.</param>
/// <param name="FlopsPerSecond">
/// Cores times clock times two (fp32), as the driver tells them; 0 where it doesn't.
/// </param>
/// <param name="Bf16FlopsPerSecond">The same for tensor cores in BF16; 0 where it is not known.</param>
internal sealed record GpuCeilings(double CopyBytesPerSecond, double FlopsPerSecond, double Bf16FlopsPerSecond)
{
    private const int Repeats = 5;
    private const int LargestCopy = 1 << 30;

    /// <summary>The most that tensor cores do; 0 where it is not known, and in fp32, which they don't do.</summary>
    /// <param name="precision">What they multiply in: TF32 at half the rate of BF16.</param>
    public double TensorFlopsPerSecond(GpuPrecision precision) => precision switch
    {
        GpuPrecision.Bf16 => Bf16FlopsPerSecond,
        GpuPrecision.Tf32 => Bf16FlopsPerSecond / 2,
        _ => 0,
    };

    /// <summary>Measures.</summary>
    /// <param name="devices">What was found.</param>
    /// <param name="info">The GPU.</param>
    /// <param name="device">The same, open.</param>
    /// <param name="rounds">Timed rounds.</param>
    public static GpuCeilings Measure(CudaDevices devices, CudaDeviceInfo info, IGpuDevice device, int rounds)
    {
        long bytes = Math.Min(LargestCopy, device.MemoryBytes / 8);
        (ulong source, ulong target) = (device.Allocate(bytes), device.Allocate(bytes));
        Fill(device, source, bytes);
        device.Copy(source, target, bytes);
        List<double> times = [];
        for (int round = 0; round < rounds; round++)
        {
            nint from = device.Mark();
            for (int i = 0; i < Repeats; i++)
            {
                device.Copy(source, target, bytes);
            }

            times.Add(device.Milliseconds(from, device.Mark()) / Repeats);
        }

        device.Free(source);
        device.Free(target);
        bool known = devices.Driver!.GetDeviceAttribute(CudaAttribute.ClockRate, info.Index, out int kilohertz) == 0;
        int cores = info is { ComputeMajor: 8, ComputeMinor: 0 } ? 64 : 128;
        double processorClocks = known ? info.Multiprocessors * kilohertz * 1000.0 : 0;

        // Dense BF16 with fp32 sums, per multiprocessor and clock, from NVIDIA's architecture papers.
        int bf16 = (info.ComputeMajor, info.ComputeMinor) switch
        {
            (8, 0) => 2048,
            (8, 6 or 9) => 512,
            (9, 0) => 4096,
            _ => 0,
        };
        return new(
            2.0 * bytes / (times.Median() / 1000), 2 * cores * processorClocks, bf16 * processorClocks);
    }

    /// <summary>Noise: a copy of zeros may be faster than of real data.</summary>
    private static void Fill(IGpuDevice device, ulong address, long bytes)
    {
        float[] noise = Inputs.Noise(1 << 22, 1);
        ReadOnlySpan<byte> source = System.Runtime.InteropServices.MemoryMarshal.AsBytes(noise.AsSpan());
        for (long at = 0; at < bytes; at += source.Length)
        {
            int part = (int)Math.Min(source.Length, bytes - at);
            device.Upload(source[..part], address + (ulong)at);
        }
    }
}
