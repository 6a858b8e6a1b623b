using System.Runtime.InteropServices;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Adaptation.Resuming;

/// <summary>
/// Writes what the steps of a training hand on to each other, or puts it back: one list of it serves both, so that neither
/// forgets what the other has.
/// </summary>
internal sealed class StateExchange(Stream stream, bool restores)
{
    public void Number(ref double value) => Bytes(MemoryMarshal.AsBytes(new Span<double>(ref value)));

    public void Number(ref int value) => Bytes(MemoryMarshal.AsBytes(new Span<int>(ref value)));

    /// <summary>How far a stream of random numbers is.</summary>
    public void Stream(RandomStream random)
    {
        ulong position = random.Position;
        Bytes(MemoryMarshal.AsBytes(new Span<ulong>(ref position)));
        random.Position = position;
    }

    public void Vector(DeviceVector vector)
    {
        float[] values = restores ? new float[vector.Length] : vector.Download();
        Bytes(MemoryMarshal.AsBytes(values.AsSpan()));
        if (restores)
        {
            vector.Upload(values);
        }
    }

    public void Weights(NetworkWeights weights)
    {
        Vector(weights.Parameters);
        Vector(weights.Statistics);
        weights.MarkChanged();
    }

    public void Weights(WeightSnapshot weights)
    {
        Bytes(MemoryMarshal.AsBytes(weights.Parameters.AsSpan()));
        Bytes(MemoryMarshal.AsBytes(weights.Statistics.AsSpan()));
    }

    private void Bytes(Span<byte> bytes)
    {
        if (restores)
        {
            stream.ReadExactly(bytes);
        }
        else
        {
            stream.Write(bytes);
        }
    }
}
