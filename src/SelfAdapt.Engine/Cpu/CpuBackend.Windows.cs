using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

// Windows of a map as channels, and back.
internal sealed unsafe partial class CpuBackend
{
    public void Unfold(DeviceTensor x, DeviceTensor u, Window window)
    {
        (CpuTensor tx, CpuTensor tu) = ((CpuTensor)x, (CpuTensor)u);
        ForEachRow(tu, (tx, tu, window), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor tu, Window window) = all;
            (int n, int block) = (plane / tu.Blocks, plane % tu.Blocks);
            int step = window.Stride * Block;
            for (int lane = 0; lane < Block && (block * Block) + lane < tu.Shape.C; lane++)
            {
                (int c, int tap) = Math.DivRem((block * Block) + lane, window.Taps);
                float* to = tu.Row(plane, h) + lane;
                int row = window.Row(h, tap);
                int right = window.Column(0, tap);
                bool inside = row >= 0 && row < tx.Shape.H;
                (int first, int end) = inside ? window.Range(right, tx.Shape.W, tu.Shape.W) : (0, 0);
                for (int w = 0; w < first; w++)
                {
                    to[w * Block] = 0;
                }

                float* from = Channel(tx, n, c, row) + (((first * window.Stride) + right) * Block);
                for (int w = first; w < end; w++, from += step)
                {
                    to[w * Block] = *from;
                }

                for (int w = end; w < tu.Shape.W; w++)
                {
                    to[w * Block] = 0;
                }
            }
        });
    }

    public void Fold(DeviceTensor u, VectorSlice? bias, DeviceTensor x, Window window, bool accumulate)
    {
        (CpuTensor tu, CpuTensor tx) = ((CpuTensor)u, (CpuTensor)x);
        ForEachRow(tx, (tu, tx, window, accumulate, bias: bias is { } b ? (nint)Pointer(b) : 0), static (plane, h, all) =>
        {
            (CpuTensor tu, CpuTensor tx, Window window, bool accumulate, nint bias) = all;
            (int n, int block) = (plane / tx.Blocks, plane % tx.Blocks);
            int step = window.Stride * Block;
            for (int lane = 0; lane < Block && (block * Block) + lane < tx.Shape.C; lane++)
            {
                int c = (block * Block) + lane;
                float* to = tx.Row(plane, h) + lane;
                float more = bias == 0 ? 0 : ((float*)bias)[c];
                for (int w = 0; w < tx.Shape.W; w++)
                {
                    to[w * Block] = accumulate ? to[w * Block] + more : more;
                }

                for (int tap = 0; tap < window.Taps; tap++)
                {
                    int row = window.OutputOf(h - window.Row(0, tap));
                    if (row < 0 || row >= tu.Shape.H)
                    {
                        continue;
                    }

                    int right = window.Column(0, tap);
                    (int first, int end) = window.Range(right, tx.Shape.W, tu.Shape.W);
                    float* from = Channel(tu, n, (c * window.Taps) + tap, row) + (first * Block);
                    float* at = to + (((first * window.Stride) + right) * Block);
                    for (int w = first; w < end; w++, from += Block, at += step)
                    {
                        *at += *from;
                    }
                }
            }
        });
    }

    /// <summary>A channel's first value in a row.</summary>
    private static float* Channel(CpuTensor tensor, int n, int channel, int h) =>
        tensor.Row((n * tensor.Blocks) + (channel / Block), h) + (channel % Block);

    /// <summary>The pixel that a tap sees, null beyond the map.</summary>
    private static float* Seen(CpuTensor map, int plane, Window window, int h, int w, int tap)
    {
        (int row, int column) = (window.Row(h, tap), window.Column(w, tap));
        return (uint)row < (uint)map.Shape.H && (uint)column < (uint)map.Shape.W ? map.Row(plane, row) + (column * Block) : null;
    }

    private static void ClearRows(CpuTensor tensor, int plane)
    {
        for (int h = 0; h < tensor.Shape.H; h++)
        {
            new Span<float>(tensor.Row(plane, h), tensor.Shape.W * Block).Clear();
        }
    }
}
