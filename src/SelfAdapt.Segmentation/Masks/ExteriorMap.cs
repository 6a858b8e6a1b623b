using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// Tells, for one label, which pixels of its bounding box lie outside: not the label, and 4-connected to what
/// surrounds the box. Holes are neither label nor outside. One instance serves many labels.
/// </summary>
internal sealed class ExteriorMap
{
    private const byte Inside = 1;
    private const byte Outside = 2;

    private byte[] _state = [];
    private int[] _stack = [];
    private int _stride;

    public bool HasHoles { get; private set; }

    public void Examine(LabelImage labels, int label, in LabelRegion region)
    {
        _stride = region.Width + 2;
        int size = _stride * (region.Height + 2);
        if (_state.Length < size)
        {
            (_state, _stack) = (new byte[size], new int[size]);
        }

        Span<byte> state = _state.AsSpan(0, size);
        state.Clear();
        for (int y = 0; y < region.Height; y++)
        {
            ReadOnlySpan<int> row = LabelRegions.Row(labels, region, y);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] == label)
                {
                    state[((y + 1) * _stride) + x + 1] = Inside;
                }
            }
        }

        Flood(state);
        HasHoles = state.Contains((byte)0);
    }

    /// <summary>Whether a pixel of the examined box, or of the one-pixel frame around it, lies outside.</summary>
    /// <param name="y">Row within the box, -1 to its height.</param>
    /// <param name="x">Column within the box, -1 to its width.</param>
    public bool IsOutside(int y, int x) => _state[((y + 1) * _stride) + x + 1] == Outside;

    /// <summary>Whether a pixel of the label touches the outside with an edge.</summary>
    public bool IsOutline(int y, int x) =>
        _state[((y + 1) * _stride) + x + 1] == Inside
        && (IsOutside(y - 1, x) || IsOutside(y + 1, x) || IsOutside(y, x - 1) || IsOutside(y, x + 1));

    private void Flood(Span<byte> state)
    {
        int top = 0;
        _stack[top++] = 0;
        state[0] = Outside;
        Span<int> steps = [-_stride, _stride, -1, 1];
        while (top > 0)
        {
            int at = _stack[--top];
            foreach (int step in steps)
            {
                // Stepping over a row's end lands on the frame of the neighbouring row, which is outside too.
                int next = at + step;
                if ((uint)next < (uint)state.Length && state[next] == 0)
                {
                    state[next] = Outside;
                    _stack[top++] = next;
                }
            }
        }
    }
}
