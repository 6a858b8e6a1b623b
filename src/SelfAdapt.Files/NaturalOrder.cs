namespace SelfAdapt.Files;

/// <summary>
/// Orders names as people do: digit runs by their value ("img2" before "img10"), letters without case.
/// </summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static NaturalOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> left = x;
        ReadOnlySpan<char> right = y;
        while (left.Length > 0 && right.Length > 0)
        {
            int order;
            if (char.IsAsciiDigit(left[0]) && char.IsAsciiDigit(right[0]))
            {
                ReadOnlySpan<char> leftNumber = TakeDigits(ref left);
                ReadOnlySpan<char> rightNumber = TakeDigits(ref right);
                order = leftNumber.Length != rightNumber.Length
                    ? leftNumber.Length - rightNumber.Length
                    : leftNumber.SequenceCompareTo(rightNumber);
            }
            else
            {
                order = char.ToLowerInvariant(left[0]).CompareTo(char.ToLowerInvariant(right[0]));
                left = left[1..];
                right = right[1..];
            }

            if (order != 0)
            {
                return order;
            }
        }

        return left.Length != right.Length ? left.Length - right.Length : string.CompareOrdinal(x, y);
    }

    private static ReadOnlySpan<char> TakeDigits(ref ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        end = end < 0 ? text.Length : end;
        ReadOnlySpan<char> digits = text[..end].TrimStart('0');
        text = text[end..];
        return digits;
    }
}
