using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// The unit flow of one cell: the direction in which heat, fed at the cell's centre and kept inside the cell,
/// falls off least (docs/cellpose.md 4.5, version 3 on a CPU).
/// </summary>
internal static unsafe class CellFlow
{
    private const int Lanes = 8;
    private const int VectorBytes = Lanes * sizeof(double);
    private const double Share = 1.0 / 9;
    private const double Tiny = 1e-60;

    /// <summary>What receives a cell's flow, pixel by pixel.</summary>
    public delegate void PixelSink(int index, double y, double x);

    /// <param name="sink">Called once for each pixel of the cell, in raster order.</param>
    public static void Compute(LabelImage labels, int label, in LabelRegion region, PixelSink sink)
    {
        // A frame of zeros on all sides: a row, and the start of each row, where the end of the row above lies too.
        int stride = ((region.Width + Lanes - 1) / Lanes * Lanes) + Lanes;
        int size = (stride * (region.Height + 2)) + Lanes;
        double[] rented = ArrayPool<double>.Shared.Rent((3 * size) + Lanes);
        rented.AsSpan(0, (3 * size) + Lanes).Clear();
        fixed (double* start = rented)
        {
            double* share = (double*)(((nuint)start + VectorBytes - 1) / VectorBytes * VectorBytes);
            Compute(labels, label, region, sink, share, share + size, share + (2 * size), stride);
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    private static void Compute(
        LabelImage labels, int label, in LabelRegion region, PixelSink sink,
        double* share, double* heat, double* next, int stride)
    {
        int centre = MarkPixels(labels, label, region, share, stride);
        int pairsOfSteps = region.Height + 2 + region.Width + 2;
        for (int i = 0; i < pairsOfSteps; i++)
        {
            heat[centre] += 1;
            Diffuse(heat, next, share, region.Height, stride);
            next[centre] += 1;
            Diffuse(next, heat, share, region.Height, stride);
        }

        for (int y = 0; y < region.Height; y++)
        {
            for (int x = 0; x < region.Width; x++)
            {
                int at = ((y + 1) * stride) + Lanes + x;
                if (share[at] != 0)
                {
                    double dy = heat[at + stride] - heat[at - stride];
                    double dx = heat[at + 1] - heat[at - 1];
                    double length = Tiny + Math.Sqrt((dy * dy) + (dx * dx));
                    sink(((region.Top + y) * labels.Width) + region.Left + x, dy / length, dx / length);
                }
            }
        }
    }

    /// <summary>
    /// Puts 1/9 at the cell's pixels and returns the one nearest to their mean (the first in raster order).
    /// </summary>
    private static int MarkPixels(
        LabelImage labels, int label, in LabelRegion region, double* share, int stride)
    {
        (double sumY, double sumX) = (0, 0);
        for (int y = 0; y < region.Height; y++)
        {
            ReadOnlySpan<int> row = LabelRegions.Row(labels, region, y);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] == label)
                {
                    share[((y + 1) * stride) + Lanes + x] = Share;
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
                int at = ((y + 1) * stride) + Lanes + x;
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
    /// One averaging step. The 3x3 sum is split into sums of three along rows, then along columns; going down a
    /// strip of columns, each row's sums serve for three rows.
    /// </summary>
    private static void Diffuse(double* heat, double* next, double* share, int height, int stride)
    {
        int end = (height + 1) * stride;
        if (Avx512F.IsSupported)
        {
            for (int column = Lanes; column < stride; column += Lanes)
            {
                Vector512<double> above = Vector512<double>.Zero;
                Vector512<double> here = AlignedSum(heat + column + stride);
                for (int i = column + stride; i < end; i += stride)
                {
                    Vector512<double> below = AlignedSum(heat + i + stride);
                    ((above + here + below) * Vector512.LoadAligned(share + i)).StoreAligned(next + i);
                    (above, here) = (here, below);
                }
            }

            return;
        }

        for (int column = Lanes; column < stride; column += Vector<double>.Count)
        {
            Vector<double> above = Vector<double>.Zero;
            Vector<double> here = Sum(heat + column + stride);
            for (int i = column + stride; i < end; i += stride)
            {
                Vector<double> below = Sum(heat + i + stride);
                ((above + here + below) * Vector.Load(share + i)).Store(next + i);
                (above, here) = (here, below);
            }
        }
    }

    /// <summary>
    /// The neighbours come out of whole vectors: loads that lie across two vectors just stored would wait.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> AlignedSum(double* at)
    {
        Vector512<long> here = Vector512.LoadAligned((long*)at);
        Vector512<long> left = Avx512F.AlignRight64(here, Vector512.LoadAligned((long*)at - Lanes), Lanes - 1);
        Vector512<long> right = Avx512F.AlignRight64(Vector512.LoadAligned((long*)at + Lanes), here, 1);
        return left.AsDouble() + here.AsDouble() + right.AsDouble();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Sum(double* at) =>
        Vector.Load(at - 1) + Vector.Load(at) + Vector.Load(at + 1);
}
