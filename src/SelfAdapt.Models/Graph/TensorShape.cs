namespace SelfAdapt.Models.Graph;

/// <summary>The size of an activation tensor.</summary>
/// <param name="N">Samples in the batch.</param>
/// <param name="H">Rows, px.</param>
/// <param name="W">Columns, px.</param>
internal readonly record struct TensorShape(int N, int C, int H, int W)
{
    public long Count => (long)N * C * H * W;

    public override string ToString() => $"{N}x{C}x{H}x{W}";
}
