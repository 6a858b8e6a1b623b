using System.Numerics;
using System.Runtime.InteropServices;
using SelfAdapt.Engine;

namespace SelfAdapt.Tests.Engine;

/// <summary>Host vectors from and to double arrays, without the float steps of Upload and Download.</summary>
internal static class HostVectors
{
    public static HostVector<T> Of<T>(params double[] values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        HostVector<T> vector = new(values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            vector.Data[i] = T.CreateTruncating(values[i]);
        }

        return vector;
    }

    public static double[] Read<T>(HostVector<T> vector)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        [.. vector.Data.Select(v => double.CreateTruncating(v))];

    /// <summary>Reproducible values from [-1, 1).</summary>
    public static double[] Noise(int count, ulong key) =>
        [.. Enumerable.Range(0, count).Select(i => (2 * CounterRandom.Uniform(key, (ulong)i)) - 1)];

    /// <summary>The float32 values of a little-endian, C-ordered .npy file of version 1.</summary>
    public static float[] ReadNpy(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int header = 10 + BitConverter.ToUInt16(bytes, 8);
        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(header)).ToArray();
    }
}
