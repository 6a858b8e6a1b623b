using System;
using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using SelfAdapt.Imaging;

namespace SelfAdapt.Segmentation;

/// <summary>
/// The unit flow of one cell: the direction in which heat, fed at the cell's centre and kept inside the cell,
/// falls off least (spec/cellpose.md 4.5, version 3 on a CPU).
/// </summary>
internal static class CellFlow
{
    private const double Share = 1.0 / 9;
    private const double Tiny = 1e-60;

    /// <summary>What receives a cell's flow, pixel by pixel.</summary>
    /// <param name="index">Index of the pixel in the image.</param>
    /// <param name="y">Row component of the unit vector.</param>
    /// <param name="x">Column component.</param>
    public delegate void PixelSink(int index, double y, double x);

    /// <summary>Computes one cell's flow.</summary>
    /// <param name="labels">The label image.</param>
    /// <param name="label">The cell.</param>
    /// <param name="region">Its bounding box.</param>
    /// <param name="sink">Called once for each pixel of the cell, in raster order.</param>
    public static void Compute(LabelImage labels, int label, in LabelRegion region, PixelSink sink)
    {
        int stride = region.Width + 2;
        int size = stride * (region.Height + 2);
        double[] rented = ArrayPool<double>.Shared.Rent(3 * size);
        Span<double> share = rented.AsSpan(0, size);
        Span<double> heat = rented.AsSpan(size, size);
        Span<double> rowSums = rented.AsSpan(2 * size, size);
        rented.AsSpan(0, 3 * size).Clear();

        int centre = MarkPixels(labels, label, region, share);
        int steps = 2 * (region.Height + 2 + region.Width + 2);
        for (int i = 0; i < steps; i++)
        {
            heat[centre] += 1;
            Diffuse(heat, rowSums, share, stride);
        }

        for (int y = 0; y < region.Height; y++)
        {
            for (int x = 0; x < region.Width; x++)
            {
                int at = ((y + 1) * stride) + x + 1;
                if (share[at] != 0)
                {
                    double dy = heat[at + stride] - heat[at - stride];
                    double dx = heat[at + 1] - heat[at - 1];
                    double length = Tiny + Math.Sqrt((dy * dy) + (dx * dx));
                    sink(((region.Top + y) * labels.Width) + region.Left + x, dy / length, dx / length);
                }
            }
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    /// <summary>
    /// Puts 1/9 at the cell's pixels and returns the one nearest to their mean (the first in raster order).
    /// </summary>
    private static int MarkPixels(LabelImage labels, int label, in LabelRegion region, Span<double> share)
    {
        int stride = region.Width + 2;
        (double sumY, double sumX) = (0, 0);
        for (int y = 0; y < region.Height; y++)
        {
            ReadOnlySpan<int> row = labels.Labels.AsSpan(
                ((region.Top + y) * labels.Width) + region.Left, region.Width);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] == label)
                {
                    share[((y + 1) * stride) + x + 1] = Share;
                    sumY += y;
                    sumX += x;
                }
            }
        }

        double meanY = sumY / region.Area;
        double meanX = sumX / region.Area;
        (int centre, double least) = (0, double.PositiveInfinity);
        for (int y = 0; y < region.Height; y++)
        {
            for (int x = 0; x < region.Width; x++)
            {
                int at = ((y + 1) * stride) + x + 1;
                double distance = ((y - meanY) * (y - meanY)) + ((x - meanX) * (x - meanX));
                if (share[at] != 0 && distance < least)
                {
                    (centre, least) = (at, distance);
                }
            }
        }

        return centre;
    }

    /// <summary>
    /// One averaging step. The 3x3 sum is split into sums of three along rows, then along columns; the frame
    /// of zeros lets both run over the whole array without looking at row ends.
    /// </summary>
    private static void Diffuse(
        Span<double> heat, Span<double> rowSums, ReadOnlySpan<double> share, int stride)
    {
        ref double from = ref MemoryMarshal.GetReference(heat);
        ref double sums = ref MemoryMarshal.GetReference(rowSums);
        int end = heat.Length - stride;
        int i = stride;
        for (; i <= end - Vector<double>.Count; i += Vector<double>.Count)
        {
            (LoadAt(ref from, i - 1) + LoadAt(ref from, i) + LoadAt(ref from, i + 1))
                .StoreUnsafe(ref sums, (nuint)i);
        }

        for (; i < end; i++)
        {
            rowSums[i] = heat[i - 1] + heat[i] + heat[i + 1];
        }

        ref double part = ref MemoryMarshal.GetReference(share);
        for (i = stride; i <= end - Vector<double>.Count; i += Vector<double>.Count)
        {
            Vector<double> sum =
                LoadAt(ref sums, i - stride) + LoadAt(ref sums, i) + LoadAt(ref sums, i + stride);
            (sum * LoadAt(ref part, i)).StoreUnsafe(ref from, (nuint)i);
        }

        for (; i < end; i++)
        {
            heat[i] = (rowSums[i - stride] + rowSums[i] + rowSums[i + stride]) * share[i];
        }
    }

    private static Vector<double> LoadAt(ref double start, int index) =>
        Vector.LoadUnsafe(ref start, (nuint)index);
}
