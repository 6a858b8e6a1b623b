using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Reference;

/// <summary>A tensor as plain NCHW doubles.</summary>
internal sealed class ReferenceTensor(TensorShape shape) : DeviceTensor(shape)
{
    /// <summary>[N,C,H,W].</summary>
    public double[] Data { get; } = new double[shape.Count];

    public override long Bytes => Data.LongLength * sizeof(double);

    public int At(int n, int c, int h, int w) =>
        ((((n * Shape.C) + c) * Shape.H) + h) * Shape.W + w;

    public override void Dispose()
    {
        // Managed memory: the collector takes it back.
    }
}
