using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// Adds, ReLU, copies and concatenation: one pass over memory each, a task per (sample, channel block) plane.
internal sealed unsafe partial class CpuBackend
{
    public void Copy(DeviceTensor source, DeviceTensor target, bool accumulate)
    {
        (CpuTensor s, CpuTensor t) = ((CpuTensor)source, (CpuTensor)target);
        ForEachRow(s, (s, t, accumulate), static (plane, h, all) =>
        {
            (CpuTensor s, CpuTensor t, bool accumulate) = all;
            float* from = s.Row(plane, h);
            float* to = t.Row(plane, h);
            for (int i = 0; i < s.Shape.W * Block; i += Block)
            {
                Put(to + i, Vector512.Load(from + i), accumulate);
            }
        });
    }

    public void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y)
    {
        (CpuTensor ta, CpuTensor tb, CpuTensor ty) = ((CpuTensor)a, (CpuTensor)b, (CpuTensor)y);
        ForEachRow(ty, (ta, tb, ty), static (plane, h, all) =>
        {
            (CpuTensor ta, CpuTensor tb, CpuTensor ty) = all;
            float* pa = ta.Row(plane, h);
            float* pb = tb.Row(plane, h);
            float* py = ty.Row(plane, h);
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                (Vector512.Load(pa + i) + Vector512.Load(pb + i)).Store(py + i);
            }
        });
    }

    public void Multiply(DeviceTensor a, DeviceTensor b, DeviceTensor y, bool accumulate)
    {
        (CpuTensor ta, CpuTensor tb, CpuTensor ty) = ((CpuTensor)a, (CpuTensor)b, (CpuTensor)y);
        ForEachRow(ty, (ta, tb, ty, accumulate), static (plane, h, all) =>
        {
            (CpuTensor ta, CpuTensor tb, CpuTensor ty, bool accumulate) = all;
            float* pa = ta.Row(plane, h);
            float* pb = tb.Row(plane, h);
            float* py = ty.Row(plane, h);
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                Put(py + i, Vector512.Load(pa + i) * Vector512.Load(pb + i), accumulate);
            }
        });
    }

    public void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ts, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)s, (CpuTensor)y);
        ForEachRow(ty, (tx, ts, ty), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ts, CpuTensor ty) = all;
            float* px = tx.Row(plane, h);
            float* py = ty.Row(plane, h);
            Vector512<float> add = Vector512.Load(ts.Row(plane, 0));
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                (Vector512.Load(px + i) + add).Store(py + i);
            }
        });
    }

    public void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate) =>
        SumPlanes((CpuTensor)dy, (CpuTensor)ds, 1f, accumulate);

    public void Relu(DeviceTensor x, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        ForEachRow(ty, (tx, ty), static (plane, h, all) =>
        {
            (CpuTensor tx, CpuTensor ty) = all;
            float* px = tx.Row(plane, h);
            float* py = ty.Row(plane, h);
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                Vector512.Max(Vector512.Load(px + i), Vector512<float>.Zero).Store(py + i);
            }
        });
    }

    public void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor ty, CpuTensor tg, CpuTensor tx) = ((CpuTensor)y, (CpuTensor)dy, (CpuTensor)dx);
        ForEachRow(ty, (ty, tg, tx, accumulate), static (plane, h, all) =>
        {
            (CpuTensor ty, CpuTensor tg, CpuTensor tx, bool accumulate) = all;
            float* py = ty.Row(plane, h);
            float* pg = tg.Row(plane, h);
            float* px = tx.Row(plane, h);
            for (int i = 0; i < ty.Shape.W * Block; i += Block)
            {
                Vector512<float> on = Vector512.GreaterThan(Vector512.Load(py + i), Vector512<float>.Zero);
                Put(px + i, on & Vector512.Load(pg + i), accumulate);
            }
        });
    }

    public void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel, bool accumulate) => ForEachChannelRun(
        (CpuTensor)x, (CpuTensor)y, channel, accumulate,
        static (from, to, lanes, width, accumulate) => CopyLanes(from, to, lanes, width, accumulate));

    public void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate) => ForEachChannelRun(
        (CpuTensor)dx, (CpuTensor)dy, channel, accumulate,
        static (to, from, lanes, width, accumulate) => CopyLanes(from, to, lanes, width, accumulate));

    private static void CopyLanes(float* from, float* to, int lanes, int width, bool accumulate)
    {
        for (int i = 0; i < width * Block; i += Block)
        {
            if (lanes == Block)
            {
                Put(to + i, Vector512.Load(from + i), accumulate);
                continue;
            }

            for (int lane = 0; lane < lanes; lane++)
            {
                to[i + lane] = accumulate ? to[i + lane] + from[i + lane] : from[i + lane];
            }
        }
    }

    private delegate void RunBody(float* part, float* whole, int lanes, int width, bool accumulate);

    /// <summary>
    /// Visits the rows of a part and the matching lanes of the whole it lies in; a part that does not start at a
    /// block's first lane is visited in two pieces per block.
    /// </summary>
    private void ForEachChannelRun(CpuTensor part, CpuTensor whole, int channel, bool accumulate, RunBody body)
    {
        Pool.For(part.Shape.N * part.Shape.H, (part, whole, channel, accumulate, body), static (task, all) =>
        {
            (CpuTensor part, CpuTensor whole, int channel, bool accumulate, RunBody body) = all;
            (int n, int h) = (task / part.Shape.H, task % part.Shape.H);
            for (int c = 0; c < part.Shape.C;)
            {
                int target = channel + c;
                int lanes = Math.Min(Block - (c % Block), Block - (target % Block));
                lanes = Math.Min(lanes, part.Shape.C - c);
                body(
                    part.Row((n * part.Blocks) + (c / Block), h) + (c % Block),
                    whole.Row((n * whole.Blocks) + (target / Block), h) + (target % Block), lanes, part.Shape.W,
                    accumulate);
                c += lanes;
            }
        });
    }

    private void SumPlanes(CpuTensor x, CpuTensor y, float scale, bool accumulate)
    {
        Pool.For(x.Planes, (x, y, scale, accumulate), static (plane, all) =>
        {
            (CpuTensor x, CpuTensor y, float scale, bool accumulate) = all;
            double* sums = stackalloc double[Block];
            new Span<double>(sums, Block).Clear();
            for (int h = 0; h < x.Shape.H; h++)
            {
                float* p = x.Row(plane, h);
                Vector512<float> sum = Vector512<float>.Zero;
                for (int i = 0; i < x.Shape.W * Block; i += Block)
                {
                    sum += Vector512.Load(p + i);
                }

                AddTo(sums, sum);
            }

            float* target = y.Row(plane, 0);
            for (int lane = 0; lane < Block; lane++)
            {
                float value = (float)(sums[lane] * scale);
                target[lane] = accumulate ? target[lane] + value : value;
            }
        });
    }

    private void ForEachRow<TState>(CpuTensor tensor, TState state, Action<int, int, TState> body) =>
        Pool.For(tensor.Planes, (tensor, state, body), static (plane, s) =>
        {
            for (int h = 0; h < s.tensor.Shape.H; h++)
            {
                s.body(plane, h, s.state);
            }
        });
}
