using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// Factors per channel: of squeeze and excitation, and PRelu's slopes.
internal sealed unsafe partial class CpuBackend
{
    public void MultiplyPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y, bool accumulate)
    {
        (CpuTensor tx, CpuTensor ts, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)s, (CpuTensor)y);
        ForEachRow(ty, (tx, ts, ty, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ts, CpuTensor ty, bool accumulate) = all;
            float* px = tx.Row(plane, h);
            float* py = ty.Row(plane, h);
            Vector512<float> factor = Vector512.Load(ts.Row(plane, 0));
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                Put(py + i, Vector512.Load(px + i) * factor, accumulate);
            }
        });
    }

    public void MultiplyPerChannelBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor ds, bool accumulate)
    {
        (CpuTensor tx, CpuTensor tg, CpuTensor ts) = ((CpuTensor)x, (CpuTensor)dy, (CpuTensor)ds);
        Pool.For(tx.Planes, (tx, tg, ts, accumulate), static (plane, all) =>
        {
            (CpuTensor tx, CpuTensor tg, CpuTensor ts, bool accumulate) = all;
            double* sums = stackalloc double[Block];
            new Span<double>(sums, Block).Clear();
            AddProducts(tx, tg, plane, Vector512.Create(float.PositiveInfinity), sums);
            float* target = ts.Row(plane, 0);
            for (int lane = 0; lane < Block; lane++)
            {
                target[lane] = (accumulate ? target[lane] : 0) + (float)sums[lane];
            }
        });
    }

    public void PRelu(DeviceTensor x, VectorSlice slope, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty, slope: (nint)Pointer(slope), slope.Length), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty, nint slope, int count) = all;
            float* px = tx.Row(plane, h);
            float* py = ty.Row(plane, h);
            Vector512<float> below = Slopes((float*)slope, count, plane % ty.Blocks);
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                Vector512<float> value = Vector512.Load(px + i);
                Vector512<float> on = Vector512.GreaterThan(value, Vector512<float>.Zero);
                Vector512.ConditionalSelect(on, value, value * below).Store(py + i);
            }
        });
    }

    public void PReluBackward(
        DeviceTensor x, VectorSlice slope, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dSlope)
    {
        (CpuTensor tx, CpuTensor tg) = ((CpuTensor)x, (CpuTensor)dy);
        SlopeGradients(tx, tg, Pointer(dSlope), dSlope.Length);
        if (dx is null)
        {
            return;
        }

        CpuTensor td = (CpuTensor)dx;
        ForEachRow(td, (tx, tg, td, slope: (nint)Pointer(slope), slope.Length, accumulate), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor tg, CpuTensor td, nint slope, int count, bool accumulate) = all;
            float* px = tx.Row(plane, h);
            float* pg = tg.Row(plane, h);
            float* pd = td.Row(plane, h);
            Vector512<float> below = Slopes((float*)slope, count, plane % td.Blocks);
            for (int i = 0; i < td.Shape.W * Block; i += Block)
            {
                Vector512<float> on = Vector512.GreaterThan(Vector512.Load(px + i), Vector512<float>.Zero);
                Vector512<float> gradient = Vector512.Load(pg + i);
                Put(pd + i, Vector512.ConditionalSelect(on, gradient, gradient * below), accumulate);
            }
        });
    }

    private void SlopeGradients(CpuTensor tx, CpuTensor tg, float* gradient, int count)
    {
        double* all = (double*)Scratch(2L * tx.Blocks * Block);
        Pool.For(tx.Blocks, (tx, tg, all: (nint)all), static (block, s) =>
        {
            double* sums = (double*)s.all + (block * Block);
            new Span<double>(sums, Block).Clear();
            for (int n = 0; n < s.tx.Shape.N; n++)
            {
                AddProducts(s.tx, s.tg, (n * s.tx.Blocks) + block, Vector512<float>.Zero, sums);
            }
        });
        new Span<float>(gradient, count).Clear();
        if (count > 1)
        {
            for (int c = 0; c < count; c++)
            {
                gradient[c] = (float)all[c];
            }

            return;
        }

        double sum = 0;
        for (int c = 0; c < tx.Shape.C; c++)
        {
            sum += all[c];
        }

        gradient[0] = (float)sum;
    }

    /// <summary>sums += min(x, most) dy over a plane: rows in float, over rows in double.</summary>
    private static void AddProducts(CpuTensor tx, CpuTensor tg, int plane, Vector512<float> most, double* sums)
    {
        for (int h = 0; h < tx.Shape.H; h++)
        {
            float* px = tx.Row(plane, h);
            float* pg = tg.Row(plane, h);
            Vector512<float> sum = Vector512<float>.Zero;
            for (int i = 0; i < tx.Shape.W * Block; i += Block)
            {
                sum += Vector512.Min(Vector512.Load(px + i), most) * Vector512.Load(pg + i);
            }

            AddTo(sums, sum);
        }
    }

    /// <summary>The slopes of a block's channels; 0 beyond the last.</summary>
    private static Vector512<float> Slopes(float* slope, int count, int block)
    {
        if (count == 1)
        {
            return Vector512.Create(*slope);
        }

        float* lanes = stackalloc float[Block];
        for (int lane = 0; lane < Block; lane++)
        {
            lanes[lane] = (block * Block) + lane < count ? slope[(block * Block) + lane] : 0;
        }

        return Vector512.Load(lanes);
    }
}
