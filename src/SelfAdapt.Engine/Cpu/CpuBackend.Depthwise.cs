using System.Runtime.Intrinsics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

// A convolution of each channel with a kernel of its own, sixteen channels at a time.
internal sealed unsafe partial class CpuBackend
{
    public void Depthwise(DeviceTensor x, VectorSlice weight, VectorSlice? bias, DeviceTensor y, Window window)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        float* lanes = Lanes(weight, bias, ty, window);
        Pool.For(ty.Planes * ty.Shape.H, (tx, ty, window, lanes: (nint)lanes), static (task, all) =>
        {
            (CpuTensor tx, CpuTensor ty, Window window, nint lanes) = all;
            (int plane, int h) = Math.DivRem(task, ty.Shape.H);
            float* taps = (float*)lanes + (plane % ty.Blocks * (window.Taps + 1) * Block);
            Vector512<float> bias = Vector512.Load(taps + (window.Taps * Block));
            float* py = ty.Row(plane, h);
            for (int w = 0; w < ty.Shape.W; w++, py += Block)
            {
                Vector512<float> sum = bias;
                int column = window.Column(w, 0);
                for (int i = 0, tap = 0; i < window.Height; i++)
                {
                    int row = window.Row(h, tap);
                    if ((uint)row >= (uint)tx.Shape.H)
                    {
                        tap += window.Width;
                        continue;
                    }

                    float* px = tx.Row(plane, row);
                    for (int at = column, end = tap + window.Width; tap < end; tap++, at += window.Dilation)
                    {
                        if ((uint)at < (uint)tx.Shape.W)
                        {
                            sum = Vector512.MultiplyAddEstimate(
                                Vector512.Load(px + (at * Block)), Vector512.Load(taps + (tap * Block)), sum);
                        }
                    }
                }

                sum.Store(py);
            }
        });
    }

    public void DepthwiseBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dWeight,
        Window window)
    {
        (CpuTensor tx, CpuTensor tg) = ((CpuTensor)x, (CpuTensor)dy);
        DepthwiseWeights(tx, tg, window, Pointer(dWeight));
        if (dx is null)
        {
            return;
        }

        float* lanes = Lanes(weight, null, tg, window);
        CpuTensor td = (CpuTensor)dx;
        Pool.For(td.Planes * td.Shape.H, (tg, td, window, accumulate, lanes: (nint)lanes), static (task, all) =>
        {
            (CpuTensor tg, CpuTensor td, Window window, bool accumulate, nint lanes) = all;
            (int plane, int h) = Math.DivRem(task, td.Shape.H);
            float* taps = (float*)lanes + (plane % td.Blocks * (window.Taps + 1) * Block);
            float* pd = td.Row(plane, h);
            for (int w = 0; w < td.Shape.W; w++, pd += Block)
            {
                Vector512<float> sum = Vector512<float>.Zero;
                for (int i = 0; i < window.Height; i++)
                {
                    int row = window.OutputOf(h + window.Top - (window.Dilation * i));
                    if ((uint)row >= (uint)tg.Shape.H)
                    {
                        continue;
                    }

                    float* pg = tg.Row(plane, row);
                    for (int j = 0; j < window.Width; j++)
                    {
                        int column = window.OutputOf(w + window.Left - (window.Dilation * j));
                        if ((uint)column < (uint)tg.Shape.W)
                        {
                            sum = Vector512.MultiplyAddEstimate(
                                Vector512.Load(pg + (column * Block)),
                                Vector512.Load(taps + (((i * window.Width) + j) * Block)), sum);
                        }
                    }
                }

                Put(pd, sum, accumulate);
            }
        });
    }

    /// <summary>A task per tap and block of channels: rows in float, over rows in double.</summary>
    private void DepthwiseWeights(CpuTensor tx, CpuTensor tg, Window window, float* gradient)
    {
        Pool.For(tx.Blocks * window.Taps, (tx, tg, window, gradient: (nint)gradient), static (task, all) =>
        {
            (CpuTensor tx, CpuTensor tg, Window window, nint gradient) = all;
            (int block, int tap) = Math.DivRem(task, window.Taps);
            double* sums = stackalloc double[Block];
            new Span<double>(sums, Block).Clear();
            int right = window.Column(0, tap);
            (int first, int end) = window.Range(right, tx.Shape.W, tg.Shape.W);
            int step = window.Stride * Block;
            for (int n = 0; n < tx.Shape.N; n++)
            {
                int plane = (n * tx.Blocks) + block;
                for (int h = 0; h < tg.Shape.H; h++)
                {
                    int row = window.Row(h, tap);
                    if ((uint)row >= (uint)tx.Shape.H)
                    {
                        continue;
                    }

                    float* px = tx.Row(plane, row) + (((first * window.Stride) + right) * Block);
                    float* pg = tg.Row(plane, h) + (first * Block);
                    Vector512<float> sum = Vector512<float>.Zero;
                    for (int w = first; w < end; w++, px += step, pg += Block)
                    {
                        sum = Vector512.MultiplyAddEstimate(Vector512.Load(px), Vector512.Load(pg), sum);
                    }

                    AddTo(sums, sum);
                }
            }

            for (int lane = 0; lane < Block && (block * Block) + lane < tx.Shape.C; lane++)
            {
                ((float*)gradient)[(((block * Block) + lane) * window.Taps) + tap] = (float)sums[lane];
            }
        });
    }

    /// <summary>For each block of channels the weights of every tap, then the bias: sixteen lanes each, zero beyond the last channel.</summary>
    private float* Lanes(VectorSlice weight, VectorSlice? bias, CpuTensor like, Window window)
    {
        int rows = window.Taps + 1;
        float* lanes = Scratch((long)like.Blocks * rows * Block);
        float* from = Pointer(weight);
        float* more = bias is { } b ? Pointer(b) : null;
        for (int c = 0; c < like.Blocks * Block; c++)
        {
            float* to = lanes + (c / Block * rows * Block) + (c % Block);
            for (int tap = 0; tap < window.Taps; tap++)
            {
                to[tap * Block] = c < like.Shape.C ? from[(c * window.Taps) + tap] : 0;
            }

            to[window.Taps * Block] = c < like.Shape.C && more != null ? more[c] : 0;
        }

        return lanes;
    }
}
