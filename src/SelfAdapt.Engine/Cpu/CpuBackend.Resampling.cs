using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// Pooling and upsampling, forward beside backward.
internal sealed unsafe partial class CpuBackend
{
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

            (int nearAt, int farAt, float farShare) = Taps(h, height, mode);
            float* near = tx.Row(plane, nearAt);
            float* far = tx.Row(plane, farAt);
            for (int w = 0; w < 2 * width; w++, py += Block)
            {
                (int n, int f, float share) = Taps(w, width, mode);
                (n, f) = (n * Block, f * Block);
                Vector512<float> nearRow = Mix(Vector512.Load(near + n), Vector512.Load(near + f), share);
                Vector512<float> farRow = Mix(Vector512.Load(far + n), Vector512.Load(far + f), share);
                Mix(nearRow, farRow, farShare).Store(py);
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
                    // Large pixels 2h-1 .. 2h+2 read row h, in both ways; those beyond an edge are clamped back onto it.
                    for (int row = Math.Max(0, (2 * h) - 1); row <= Math.Min((2 * height) - 1, (2 * h) + 2); row++)
                    {
                        float* g = tg.Row(plane, row);
                        float rowWeight = LinearWeight(row, h, height, mode);
                        for (int col = Math.Max(0, (2 * w) - 1); col <= Math.Min((2 * width) - 1, (2 * w) + 2); col++)
                        {
                            sum += Vector512.Load(g + (col * Block)) * (rowWeight * LinearWeight(col, w, width, mode));
                        }
                    }
                }

                Put(px, sum, accumulate);
            }
        });
    }

    public void SumPerChannel(DeviceTensor x, VectorSlice sums) => SumPerChannel((CpuTensor)x, Pointer(sums));

    private static int Neighbour(int large, int size) =>
        Math.Clamp((large / 2) + (large % 2 == 0 ? -1 : 1), 0, size - 1);

    /// <summary>The two small pixels that a large one is between, and how much of it is the far one's.</summary>
    private static (int Near, int Far, float FarShare) Taps(int large, int size, UpsampleMode mode)
    {
        if (mode == UpsampleMode.Linear)
        {
            return (large / 2, Neighbour(large, size), 0.25f);
        }

        (int near, int rest) = Math.DivRem(large * (size - 1), (2 * size) - 1);
        return (near, Math.Min(near + 1, size - 1), (float)rest / ((2 * size) - 1));
    }

    private static Vector512<float> Mix(Vector512<float> near, Vector512<float> far, float farShare) =>
        (near * (1 - farShare)) + (far * farShare);

    private static float LinearWeight(int large, int small, int size, UpsampleMode mode)
    {
        (int near, int far, float share) = Taps(large, size, mode);
        return (near == small ? 1 - share : 0f) + (far == small ? share : 0f);
    }
}
