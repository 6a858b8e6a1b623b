namespace SelfAdapt.Adaptation.Foreground;

/// <summary>The eight flips and turns of a square.</summary>
internal static class SquareTurns
{
    /// <summary>Where the pixel of the turned square comes from.</summary>
    /// <param name="turn">0 to 7; 0: nothing is turned.</param>
    public static (int Y, int X) Source(int y, int x, int side, int turn)
    {
        (y, x) = (turn & 4) != 0 ? (x, y) : (y, x);
        return ((turn & 1) != 0 ? side - 1 - y : y, (turn & 2) != 0 ? side - 1 - x : x);
    }
}
