using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// Pooling and upsampling, forward beside backward.
internal sealed unsafe partial class CpuBackend
{
    public void MaxPool(DeviceTensor x, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty) = all;
            float* top = tx.Row(plane, 2 * h);
            float* bottom = tx.Row(plane, (2 * h) + 1);
            float* py = ty.Row(plane, h);
            for (int w = 0; w < ty.Shape.W; w++, top += 2 * Block, bottom += 2 * Block, py += Block)
            {
                Vector512<float> upper = Vector512.Max(Vector512.Load(top), Vector512.Load(top + Block));
                Vector512<float> lower = Vector512.Max(Vector512.Load(bottom), Vector512.Load(bottom + Block));
                Vector512.Max(upper, lower).Store(py);
            }
        });
    }

    public void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tx, CpuTensor tg, CpuTensor td) = ((CpuTensor)x, (CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(tg, (tx, tg, td, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor tg, CpuTensor td, bool accumulate) = all;
            float* top = tx.Row(plane, 2 * h);
            float* bottom = tx.Row(plane, (2 * h) + 1);
            float* dTop = td.Row(plane, 2 * h);
            float* dBottom = td.Row(plane, (2 * h) + 1);
            float* g = tg.Row(plane, h);
            for (int w = 0; w < tg.Shape.W; w++, g += Block)
            {
                Vector512<float> a = Vector512.Load(top), b = Vector512.Load(top + Block);
                Vector512<float> c = Vector512.Load(bottom), d = Vector512.Load(bottom + Block);
                Vector512<float> max = Vector512.Max(Vector512.Max(a, b), Vector512.Max(c, d));
                Vector512<float> gradient = Vector512.Load(g);

                // Each lane's gradient goes to the first of the four that equals the maximum.
                Vector512<float> toA = Vector512.Equals(a, max);
                Vector512<float> toB = Vector512.AndNot(Vector512.Equals(b, max), toA);
                Vector512<float> taken = toA | toB;
                Vector512<float> toC = Vector512.AndNot(Vector512.Equals(c, max), taken);
                Vector512<float> toD = ~(taken | toC);
                Put(dTop, gradient & toA, accumulate);
                Put(dTop + Block, gradient & toB, accumulate);
                Put(dBottom, gradient & toC, accumulate);
                Put(dBottom + Block, gradient & toD, accumulate);
                top += 2 * Block;
                bottom += 2 * Block;
                dTop += 2 * Block;
                dBottom += 2 * Block;
            }
        });
    }

    public void AveragePool(DeviceTensor x, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty) = all;
            float* top = tx.Row(plane, 2 * h);
            float* bottom = tx.Row(plane, (2 * h) + 1);
            float* py = ty.Row(plane, h);
            for (int w = 0; w < ty.Shape.W; w++, top += 2 * Block, bottom += 2 * Block, py += Block)
            {
                Vector512<float> upper = Vector512.Load(top) + Vector512.Load(top + Block);
                Vector512<float> lower = Vector512.Load(bottom) + Vector512.Load(bottom + Block);
                (0.25f * (upper + lower)).Store(py);
            }
        });
    }

    public void AveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tg, CpuTensor td) = ((CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(td, (tg, td, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tg, CpuTensor td, bool accumulate) = all;
            float* g = tg.Row(plane, h / 2);
            float* to = td.Row(plane, h);
            for (int w = 0; w < tg.Shape.W; w++, g += Block, to += 2 * Block)
            {
                Vector512<float> share = 0.25f * Vector512.Load(g);
                Put(to, share, accumulate);
                Put(to + Block, share, accumulate);
            }
        });
    }

    public void Subsample(DeviceTensor x, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty) = all;
            float* px = tx.Row(plane, 2 * h);
            float* py = ty.Row(plane, h);
            for (int w = 0; w < ty.Shape.W; w++, px += 2 * Block, py += Block)
            {
                Vector512.Load(px).Store(py);
            }
        });
    }

    public void SubsampleBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tg, CpuTensor td) = ((CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(td, (tg, td, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tg, CpuTensor td, bool accumulate) = all;
            float* g = tg.Row(plane, h / 2);
            float* to = td.Row(plane, h);
            for (int w = 0; w < tg.Shape.W; w++, g += Block, to += 2 * Block)
            {
                Put(to, h % 2 == 0 ? Vector512.Load(g) : Vector512<float>.Zero, accumulate);
                Put(to + Block, Vector512<float>.Zero, accumulate);
            }
        });
    }

    public void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty, mode), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty, UpsampleMode mode) = all;
            (int height, int width) = (tx.Shape.H, tx.Shape.W);
            float* py = ty.Row(plane, h);
            if (mode == UpsampleMode.Nearest)
            {
                float* px = tx.Row(plane, h / 2);
                for (int w = 0; w < width; w++, px += Block, py += 2 * Block)
                {
                    Vector512<float> value = Vector512.Load(px);
                    value.Store(py);
                    value.Store(py + Block);
                }

                return;
            }

            float* near = tx.Row(plane, h / 2);
            float* far = tx.Row(plane, Neighbour(h, height));
            for (int w = 0; w < 2 * width; w++, py += Block)
            {
                (int n, int f) = (w / 2 * Block, Neighbour(w, width) * Block);
                Vector512<float> nearRow = Mix(Vector512.Load(near + n), Vector512.Load(near + f));
                Vector512<float> farRow = Mix(Vector512.Load(far + n), Vector512.Load(far + f));
                Mix(nearRow, farRow).Store(py);
            }
        });
    }

    public void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate)
    {
        (CpuTensor tg, CpuTensor tx) = ((CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(tx, (tg, tx, mode, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tg, CpuTensor tx, UpsampleMode mode, bool accumulate) = all;
            (int height, int width) = (tx.Shape.H, tx.Shape.W);
            float* px = tx.Row(plane, h);
            for (int w = 0; w < width; w++, px += Block)
            {
                Vector512<float> sum = Vector512<float>.Zero;
                if (mode == UpsampleMode.Nearest)
                {
                    float* top = tg.Row(plane, 2 * h);
                    float* bottom = tg.Row(plane, (2 * h) + 1);
                    int i = 2 * w * Block;
                    sum = Vector512.Load(top + i) + Vector512.Load(top + i + Block)
                        + Vector512.Load(bottom + i) + Vector512.Load(bottom + i + Block);
                }
                else
                {
                    // Large pixels 2h-1 .. 2h+2 read row h; those beyond an edge are clamped back onto it.
                    for (int row = Math.Max(0, (2 * h) - 1); row <= Math.Min((2 * height) - 1, (2 * h) + 2); row++)
                    {
                        float* g = tg.Row(plane, row);
                        float rowWeight = LinearWeight(row, h, height);
                        for (int col = Math.Max(0, (2 * w) - 1); col <= Math.Min((2 * width) - 1, (2 * w) + 2); col++)
                        {
                            sum += Vector512.Load(g + (col * Block)) * (rowWeight * LinearWeight(col, w, width));
                        }
                    }
                }

                Put(px, sum, accumulate);
            }
        });
    }

    public void DepthToSpace(DeviceTensor x, VectorSlice? bias, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty, bias: bias is { } b ? (nint)Pointer(b) : 0), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty, nint bias) = all;
            (int n, int block) = (plane / ty.Blocks, plane % ty.Blocks);
            for (int lane = 0; lane < Block && (block * Block) + lane < ty.Shape.C; lane++)
            {
                int c = (block * Block) + lane;
                float more = bias == 0 ? 0 : ((float*)bias)[c];
                for (int right = 0; right < 2; right++)
                {
                    float* from = Channel(tx, n, (4 * c) + (2 * (h % 2)) + right, h / 2);
                    float* to = ty.Row(plane, h) + (right * Block) + lane;
                    for (int w = 0; w < tx.Shape.W; w++, from += Block, to += 2 * Block)
                    {
                        *to = *from + more;
                    }
                }
            }
        });
    }

    public void DepthToSpaceBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tg, CpuTensor td) = ((CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(td, (tg, td, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tg, CpuTensor td, bool accumulate) = all;
            (int n, int block) = (plane / td.Blocks, plane % td.Blocks);
            for (int lane = 0; lane < Block && (block * Block) + lane < td.Shape.C; lane++)
            {
                int channel = (block * Block) + lane;
                float* from = Channel(tg, n, channel / 4, (2 * h) + (channel / 2 % 2)) + (channel % 2 * Block);
                float* to = td.Row(plane, h) + lane;
                for (int w = 0; w < td.Shape.W; w++, from += 2 * Block, to += Block)
                {
                    *to = accumulate ? *to + *from : *from;
                }
            }
        });
    }

    public void SumPerChannel(DeviceTensor x, VectorSlice sums) => SumPerChannel((CpuTensor)x, Pointer(sums));

    /// <summary>A channel's first value in a row.</summary>
    private static float* Channel(CpuTensor tensor, int n, int channel, int h) =>
        tensor.Row((n * tensor.Blocks) + (channel / Block), h) + (channel % Block);

    private static int Neighbour(int large, int size) =>
        Math.Clamp((large / 2) + (large % 2 == 0 ? -1 : 1), 0, size - 1);

    private static Vector512<float> Mix(Vector512<float> near, Vector512<float> far) =>
        (near * 0.75f) + (far * 0.25f);

    private static float LinearWeight(int large, int small, int size) =>
        (large / 2 == small ? 0.75f : 0f) + (Neighbour(large, size) == small ? 0.25f : 0f);
}
