using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Moves every cell pixel along the flow until it rests near its cell's centre (spec 4.2, CPU rule).</summary>
internal static unsafe class FlowDynamics
{
    // Few enough that the positions stay in the fastest cache.
    private const int PointsPerChunk = 1024;

    // A point whose flow ends in a cycle of 1, 2 or 4 steps is back where it was after that many.
    private const int RoundSteps = 4;

    /// <param name="flowY">[height, width]: row component of the network's flow.</param>
    /// <param name="cellPixels">Indices of the cell pixels; elsewhere the flow counts as 0.</param>
    /// <param name="scale">What the flow is divided by.</param>
    /// <param name="origin">
    /// Row and column in the whole image where the field begins: positions are rounded as there.
    /// </param>
    /// <returns>For each cell pixel the index of the pixel where it ended.</returns>
    public static int[] Follow(
        ReadOnlySpan<float> flowY, ReadOnlySpan<float> flowX, int[] cellPixels, int height, int width,
        float scale, int steps, int threads = 0, (int Top, int Left) origin = default)
    {
        int[] ends = new int[cellPixels.Length];
        int chunks = (cellPixels.Length + PointsPerChunk - 1) / PointsPerChunk;
        ParallelOptions parallelism = Parallelism.Of(threads);
        float[] rented = ArrayPool<float>.Shared.Rent(FlowField.Length(height, width));
        fixed (float* y = flowY, x = flowX, interleaved = rented)
        {
            FlowField field = new(interleaved, height, width, origin);
            (nint ofY, nint ofX) = ((nint)y, (nint)x);
            new Span<float>(interleaved, FlowField.Length(height, width)).Clear();
            Parallel.For(0, chunks, parallelism, chunk =>
            {
                foreach (int pixel in Chunk(cellPixels, chunk))
                {
                    field.Vectors[2 * pixel] = ((float*)ofY)[pixel] / scale;
                    field.Vectors[(2 * pixel) + 1] = ((float*)ofX)[pixel] / scale;
                }
            });
            Parallel.For(0, chunks, parallelism, chunk =>
                FollowChunk(field, Chunk(cellPixels, chunk), Chunk(ends, chunk), steps));
        }

        ArrayPool<float>.Shared.Return(rented);
        return ends;
    }

    private static Span<int> Chunk(int[] all, int chunk) =>
        all.AsSpan(chunk * PointsPerChunk, Math.Min(PointsPerChunk, all.Length - (chunk * PointsPerChunk)));

    /// <summary>
    /// Steps all points of a chunk in turn, so that the processor overlaps them. The position decides the next
    /// step: a point that a round of steps leaves where it was will be there after every further round, and the
    /// odd steps are taken first, so that only whole rounds remain.
    /// </summary>
    [SkipLocalsInit]
    private static void FollowChunk(FlowField field, ReadOnlySpan<int> starts, Span<int> ends, int steps)
    {
        float* ys = stackalloc float[PointsPerChunk];
        float* xs = stackalloc float[PointsPerChunk];
        float* oldYs = stackalloc float[PointsPerChunk];
        float* oldXs = stackalloc float[PointsPerChunk];
        int* points = stackalloc int[PointsPerChunk];
        int moving = starts.Length;
        for (int i = 0; i < moving; i++)
        {
            (int y, int x) = Math.DivRem(starts[i], field.Width);
            (ys[i], xs[i], points[i]) = (y, x, i);
        }

        Advance(field, ys, xs, moving, steps % RoundSteps);
        for (int left = steps / RoundSteps; left > 0 && moving > 0; left--)
        {
            new ReadOnlySpan<float>(ys, moving).CopyTo(new Span<float>(oldYs, moving));
            new ReadOnlySpan<float>(xs, moving).CopyTo(new Span<float>(oldXs, moving));
            Advance(field, ys, xs, moving, RoundSteps);
            int kept = 0;
            for (int i = 0; i < moving; i++)
            {
                // Every point is written down; that of one still moving is written again later.
                ends[points[i]] = ((int)ys[i] * field.Width) + (int)xs[i];
                bool moves = ys[i] != oldYs[i] || xs[i] != oldXs[i];
                (ys[kept], xs[kept], points[kept]) = (ys[i], xs[i], points[i]);
                kept += moves ? 1 : 0;
            }

            moving = kept;
        }

        for (int i = 0; i < moving; i++)
        {
            ends[points[i]] = ((int)ys[i] * field.Width) + (int)xs[i];
        }
    }

    private static void Advance(FlowField field, float* ys, float* xs, int count, int steps)
    {
        int* scratch = stackalloc int[8];
        for (int step = 0; step < steps; step++)
        {
            int i = 0;
            if (Avx512F.IsSupported)
            {
                for (; i <= count - 8; i += 8)
                {
                    field.StepEight(ys + i, xs + i, scratch);
                }
            }

            if (Avx2.IsSupported)
            {
                for (; i <= count - 4; i += 4)
                {
                    field.StepFour(ys + i, xs + i, scratch);
                }
            }

            for (; i < count; i++)
            {
                field.StepOne(ref ys[i], ref xs[i]);
            }
        }
    }
}
