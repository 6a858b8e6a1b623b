using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>The weight gradient's body, for all tiles and formats.</summary>
internal static class WeightGradientBody
{
    /// <summary>The kernel; the last three are constants once it is inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Sum(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit, ArrayView<float> sharedRows, ArrayView<float> sharedColumns, int groupX, int groupY,
        int format)
    {
        int thread = (Group.IdxY * groupX) + Group.IdxX;
        int threads = groupX * groupY;
        int inPitch = Place.Pitch(inputs);
        int outPitch = Place.Pitch(outputs);
        int rowCount = taps * inPitch;
        int start = Grid.IdxZ * pixelsPerSplit;
        int end = start + pixelsPerSplit < pixels ? start + pixelsPerSplit : pixels;

        // What this thread fetches: one quad of rows at up to four pixels, one quad of outputs at up to two.
        int rowQuad = thread % (2 * groupY);
        int rowPixel = thread / (2 * groupY);
        int fetchedRow = (Grid.IdxX * 8 * groupY) + (4 * rowQuad);
        int tap = fetchedRow / inPitch;
        int channel = fetchedRow % inPitch;
        int columnQuad = thread % (2 * groupX);
        int columnPixel = thread / (2 * groupX);
        int output = (Grid.IdxY * 8 * groupX) + (4 * columnQuad);
        Source source;
        source.X = Quad.View(x);
        source.Gradient = Quad.View(dy);
        source.Input = InputNorm.Of(
            Quad.View(lanes), channel, inPitch, fetchedRow < rowCount ? flags & InputNorm.Flags : 0, inputs);
        source.Down = taps == 1 ? 0 : (tap / 3) - 1;
        source.Right = taps == 1 ? 0 : (tap % 3) - 1;
        source.Shift = (((source.Down * width) + source.Right) * inPitch) + channel;
        source.Limit = fetchedRow < rowCount ? end : 0;
        source.End = end;
        source.Height = height;
        source.Width = width;
        source.InPitch = inPitch;
        source.Output = output;
        source.OutPitch = outPitch;

        int rowStep = SharedTile.RowStride(groupY, format) / 4;
        int columnStep = SharedTile.ColumnStride(groupX, format) / 4;
        int storeRow = (rowPixel * rowStep) + rowQuad;
        int storeColumn = (columnPixel * columnStep) + columnQuad;
        ArrayView<Quad> rows = Quad.View(sharedRows);
        ArrayView<Quad> columns = Quad.View(sharedColumns);
        Pixels at = Pixels.Of(start + rowPixel, start + columnPixel, height, width, groupX);
        RegisterTile sums = RegisterTile.Zero();
        Quad biasSum = Quad.All(0);
        int steps = Operands.Steps(format);
        int slices = (end - start + steps - 1) / steps;

        // Slice -1 only fetches; the last only multiplies.
        for (int slice = -1; slice < slices; slice++)
        {
            FetchedQuads low = FetchedQuads.None();
            FetchedQuads high = FetchedQuads.None();
            bool fetch = slice + 1 < slices;
            if (fetch)
            {
                low = Fetch(source, at, groupX, groupY);
                at = Pixels.Next(at, height, width, groupX);
                biasSum = Quad.Add(biasSum, low.C0);
                biasSum = groupY < 16 ? Quad.Add(biasSum, low.C1) : biasSum;
                if (format == Operands.Bf16)
                {
                    high = Fetch(source, at, groupX, groupY);
                    at = Pixels.Next(at, height, width, groupX);
                    biasSum = Quad.Add(biasSum, high.C0);
                    biasSum = groupY < 16 ? Quad.Add(biasSum, high.C1) : biasSum;
                }
            }

            if (slice >= 0)
            {
                sums = format != Operands.Fp32
                    ? TensorTile.AddSlice(sums, sharedRows, sharedColumns, slice & 1, groupX, groupY, format)
                    : SharedTile.AddSlice(sums, rows, columns, slice & 1, groupX, groupY);
            }

            if (fetch)
            {
                int buffer = (slice + 1) & 1;
                int row = (buffer * SharedTile.Depth * rowStep) + storeRow;
                rows[row] = Operands.Words(low.R0, high.R0, format);
                if (groupX < 16)
                {
                    rows[row + (groupX / 2 * rowStep)] = Operands.Words(low.R1, high.R1, format);
                }

                if (groupX < 8)
                {
                    rows[row + (groupX * rowStep)] = Operands.Words(low.R2, high.R2, format);
                    rows[row + (groupX / 2 * 3 * rowStep)] = Operands.Words(low.R3, high.R3, format);
                }

                int column = (buffer * SharedTile.Depth * columnStep) + storeColumn;
                columns[column] = Operands.Words(low.C0, high.C0, format);
                if (groupY < 16)
                {
                    columns[column + (groupY / 2 * columnStep)] = Operands.Words(low.C1, high.C1, format);
                }
            }

            Group.Barrier();
        }

        // A part is laid out as a convolution's output: rows for pixels.
        int part = Grid.IdxZ * (rowCount + 1);
        ConvolutionOutput to = ConvolutionOutput.Of(
            partial, partial, partial, partial, 0, part + rowCount, 1, outputs, outPitch);
        int firstRow = Grid.IdxX * 8 * groupY;
        int firstOutput = Grid.IdxY * 8 * groupX;
        if (format != Operands.Fp32)
        {
            TensorTile.Write(to, sums, part + firstRow, firstOutput, groupX, groupY);
        }
        else
        {
            ConvolutionOutput.Write(to, sums, part + firstRow, firstOutput, groupX, groupY);
        }

        // The first tile of rows has seen every gradient: its threads' sums, added column by column, are the bias's.
        if (Grid.IdxX == 0)
        {
            columns[thread] = biasSum;
            Group.Barrier();
            if (thread < 2 * groupX && output < outPitch)
            {
                Quad total = columns[thread];
                for (int other = thread + (2 * groupX); other < threads; other += 2 * groupX)
                {
                    total = Quad.Add(total, columns[other]);
                }

                Quad.View(partial)[(((part + rowCount) * outPitch) + output) >> 2] = total;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FetchedQuads Fetch(Source source, Pixels at, int groupX, int groupY)
    {
        FetchedQuads f = FetchedQuads.None();
        f.R0 = FetchRow(source, at.M0);
        f.R1 = groupX < 16 ? FetchRow(source, at.M1) : f.R1;
        f.R2 = groupX < 8 ? FetchRow(source, at.M2) : f.R2;
        f.R3 = groupX < 8 ? FetchRow(source, at.M3) : f.R3;
        f.C0 = FetchGradient(source, at.Column);
        f.C1 = groupY < 16 ? FetchGradient(source, at.Column + (groupY / 2)) : f.C1;
        return f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad FetchRow(Source source, MovingPixel pixel)
    {
        int row = pixel.Row + source.Down;
        int column = pixel.Column + source.Right;
        Quad value = Quad.All(0);
        if (pixel.Index < source.Limit && row >= 0 && row < source.Height && column >= 0 && column < source.Width)
        {
            value = InputNorm.Apply(source.Input, source.X[((pixel.Index * source.InPitch) + source.Shift) >> 2]);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad FetchGradient(Source source, int pixel)
    {
        Quad value = Quad.All(0);
        if (pixel < source.End && source.Output < source.OutPitch)
        {
            value = source.Gradient[((pixel * source.OutPitch) + source.Output) >> 2];
        }

        return value;
    }

    /// <summary>What a thread reads, whatever the pixel.</summary>
    private struct Source
    {
        public ArrayView<Quad> X;
        public ArrayView<Quad> Gradient;
        public InputNorm Input;
        public int Down;
        public int Right;
        public int Shift;
        public int Limit;
        public int End;
        public int Height;
        public int Width;
        public int InPitch;
        public int Output;
        public int OutPitch;
    }

    /// <summary>Where a thread is in the depth: the pixels of its rows, and the first of its columns.</summary>
    private struct Pixels
    {
        public MovingPixel M0;
        public MovingPixel M1;
        public MovingPixel M2;
        public MovingPixel M3;
        public int Column;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Pixels Of(int rowPixel, int columnPixel, int height, int width, int groupX)
        {
            Pixels p;
            p.M0 = MovingPixel.Of(rowPixel, height, width);
            p.M1 = MovingPixel.Of(rowPixel + (groupX / 2), height, width);
            p.M2 = MovingPixel.Of(rowPixel + groupX, height, width);
            p.M3 = MovingPixel.Of(rowPixel + (groupX / 2 * 3), height, width);
            p.Column = columnPixel;
            return p;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Pixels Next(Pixels p, int height, int width, int groupX)
        {
            p.M0 = MovingPixel.Next(p.M0, height, width);
            p.M1 = groupX < 16 ? MovingPixel.Next(p.M1, height, width) : p.M1;
            p.M2 = groupX < 8 ? MovingPixel.Next(p.M2, height, width) : p.M2;
            p.M3 = groupX < 8 ? MovingPixel.Next(p.M3, height, width) : p.M3;
            p.Column += 8;
            return p;
        }
    }

    /// <summary>A pixel that moves on by eight at a time, without dividing.</summary>
    private struct MovingPixel
    {
        public int Index;
        public int Row;
        public int Column;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static MovingPixel Of(int pixel, int height, int width)
        {
            MovingPixel m;
            m.Index = pixel;
            m.Row = pixel / width % height;
            m.Column = pixel % width;
            return m;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static MovingPixel Next(MovingPixel m, int height, int width)
        {
            m.Index += 8;
            m.Column += 8;
            while (m.Column >= width)
            {
                m.Column -= width;
                m.Row = m.Row + 1 < height ? m.Row + 1 : 0;
            }

            return m;
        }
    }
}
