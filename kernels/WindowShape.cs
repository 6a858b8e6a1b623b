using System.Runtime.CompilerServices;

namespace SelfAdapt.Kernels;

/// <summary>
/// Windows on a map of Rows x Columns, one for each of OutRows x OutColumns outputs: tap (i, j) of output (h, w) is pixel
/// (Stride h + Dilation i - Top, Stride w + Dilation j - Left); nothing lies beyond the map.
/// </summary>
public readonly record struct WindowShape(
    int Height, int Width, int Stride, int Dilation, int Top, int Left, int Rows, int Columns, int OutRows, int OutColumns)
{
    public int Taps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Height * Width;
    }

    /// <summary>The pixel of all samples' maps that a tap of an output of all samples' sees; -1 beyond its map.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Seen(int output, int tap)
    {
        int row = (Stride * (output / OutColumns % OutRows)) + (Dilation * (tap / Width)) - Top;
        int column = (Stride * (output % OutColumns)) + (Dilation * (tap % Width)) - Left;
        int sample = output / (OutRows * OutColumns);
        return row < 0 || row >= Rows || column < 0 || column >= Columns ? -1 : (((sample * Rows) + row) * Columns) + column;
    }

    /// <summary>The output of all samples' whose tap sees a pixel of all samples'; -1 where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SeenBy(int pixel, int tap)
    {
        int down = (pixel / Columns % Rows) + Top - (Dilation * (tap / Width));
        int right = (pixel % Columns) + Left - (Dilation * (tap % Width));
        int row = down / Stride;
        int column = right / Stride;
        bool none = down < 0 || right < 0 || row * Stride != down || column * Stride != right || row >= OutRows
            || column >= OutColumns;
        return none ? -1 : (((pixel / (Rows * Columns) * OutRows) + row) * OutColumns) + column;
    }
}
