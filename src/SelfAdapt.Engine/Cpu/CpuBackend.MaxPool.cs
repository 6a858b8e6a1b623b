using System.Runtime.Intrinsics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

// Maximum pooling: 2x2 windows side by side, and any others.
internal sealed unsafe partial class CpuBackend
{
    public void MaxPool(DeviceTensor x, DeviceTensor y, Window window)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        if (window == Window.Halving)
        {
            HalvingMaxPool(tx, ty);
            return;
        }

        ForEachRow(ty, (tx, ty, window), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty, Window window) = all;
            float* py = ty.Row(plane, h);
            for (int w = 0; w < ty.Shape.W; w++, py += Block)
            {
                Vector512<float> best = Vector512.Create(float.NegativeInfinity);
                for (int tap = 0; tap < window.Taps; tap++)
                {
                    float* seen = Seen(tx, plane, window, h, w, tap);
                    best = seen == null ? best : Vector512.Max(best, Vector512.Load(seen));
                }

                best.Store(py);
            }
        });
    }

    public void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, Window window, bool accumulate)
    {
        (CpuTensor tx, CpuTensor tg, CpuTensor td) = ((CpuTensor)x, (CpuTensor)dy, (CpuTensor)dx);
        if (window == Window.Halving)
        {
            HalvingMaxPoolBackward(tx, tg, td, accumulate);
            return;
        }

        // Windows may overlap: each plane is one task's, row after row.
        Pool.For(tx.Planes, (tx, tg, td, window, accumulate), static (plane, all) =>
        {
            (CpuTensor tx, CpuTensor tg, CpuTensor td, Window window, bool accumulate) = all;
            if (!accumulate)
            {
                ClearRows(td, plane);
            }

            for (int h = 0; h < tg.Shape.H; h++)
            {
                float* g = tg.Row(plane, h);
                for (int w = 0; w < tg.Shape.W; w++, g += Block)
                {
                    RouteToFirst(tx, td, plane, window, h, w, Vector512.Load(g));
                }
            }
        });
    }

    /// <summary>Adds each lane's gradient to the first tap that equals the window's maximum.</summary>
    private static void RouteToFirst(
        CpuTensor tx, CpuTensor td, int plane, Window window, int h, int w, Vector512<float> gradient)
    {
        Vector512<float> best = Vector512.Create(float.NegativeInfinity);
        for (int tap = 0; tap < window.Taps; tap++)
        {
            float* seen = Seen(tx, plane, window, h, w, tap);
            best = seen == null ? best : Vector512.Max(best, Vector512.Load(seen));
        }

        Vector512<float> open = Vector512<float>.AllBitsSet;
        for (int tap = 0; tap < window.Taps; tap++)
        {
            float* seen = Seen(tx, plane, window, h, w, tap);
            if (seen != null)
            {
                Vector512<float> here = open & Vector512.Equals(Vector512.Load(seen), best);
                open = Vector512.AndNot(open, here);
                Put(Seen(td, plane, window, h, w, tap), gradient & here, true);
            }
        }
    }

    private void HalvingMaxPool(CpuTensor tx, CpuTensor ty)
    {
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

    private void HalvingMaxPoolBackward(CpuTensor tx, CpuTensor tg, CpuTensor td, bool accumulate)
    {
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
}
